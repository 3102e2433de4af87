/** Texts and tokens, as completions and embeddings take them: one or several of either. */

export type Inputs = string | string[] | number[] | number[][]

/** What a list of them holds: each is one to answer. */
export function inputsOf(inputs: Inputs): (string | number[])[] {
  if (typeof inputs === 'string') return [inputs]
  return isTokens(inputs) ? [inputs] : (inputs as (string | number[])[])
}

/** Whether it is a text, tokens, or a list of either; `isText` says which texts may be. */
export function isInputs(value: unknown, isText: (value: unknown) => boolean): value is Inputs {
  if (!Array.isArray(value)) return isText(value)
  if (value.length === 0) return false
  return isTokens(value) || value.every((each) => isText(each) || isTokens(each))
}

function isTokens(value: unknown): value is number[] {
  const isToken = (token: unknown) => Number.isInteger(token) && (token as number) >= 0
  return Array.isArray(value) && value.length > 0 && value.every(isToken)
}
