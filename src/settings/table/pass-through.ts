import { pairs } from '../declaration.ts'
import { readPassThrough } from '../pass-through.ts'

export const passThrough = {
  passThrough: pairs({
    default: {},
    placeholder: 'PATH=TARGET',
    expected: 'PATH=TARGET',
    help: 'Which upstream, by its label, or which model answers a forwarded request that names no model, such as /tokenize=llama; * stands for every path. Without an entry it goes to --model, or to the only upstream.',
    read: readPassThrough,
  }),
}
