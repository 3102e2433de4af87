import { UNSAFE } from './unsafe.ts'

/** The most characters of a model's name. Paths of local files are the longest ones in use. */
export const MAX_MODEL_NAME = 512

/**
 * Whether a text can be the name of a model: 1 to 512 characters, none of them a control character or
 * invisible, nor one that reverses text or ends a line. Names with spaces, slashes, colons, letters of
 * any script and emoji are fine. Others could forge a line of a log or look like another model, so
 * that sluice neither lists them nor sends them to an engine.
 *
 * @example
 * isModelName('hf.co/bartowski/Qwen2.5-GGUF:Q4_K_M') // true
 * isModelName('llama\n3') // false
 */
export function isModelName(name: string): boolean {
  return name.length > 0 && name.length <= MAX_MODEL_NAME && name.search(UNSAFE) === -1
}
