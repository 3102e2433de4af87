import { text, time } from '../declaration.ts'

/** The model that answers with one fixed text. */
export const builtIn = {
  staticText: text({
    default: 'Water finds its way word by word, and every stream reaches its end.',
    placeholder: 'TEXT',
    help: 'The answer of the built-in model "static", which needs no server.',
  }),
  staticDelay: time({
    min: 0,
    max: 60_000,
    default: 100,
    placeholder: 'TIME',
    help: 'The pause between two words of that answer.',
  }),
}
