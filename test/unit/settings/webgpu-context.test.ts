import { expect, it } from 'vitest'
import { readTextSetting } from '../../../src/settings/settings.ts'

const read = (text: string) => readTextSetting('webgpuContext', text, '--webgpu-context', () => {})

it.each<[string, unknown]>([
  ['16384', 16_384],
  ['Qwen3-*=32768', { 'Qwen3-*': 32_768 }],
  [
    'Qwen3-*=32768, Llama-3.2-1B-Instruct-q4f16_1-MLC=8192',
    expect.objectContaining({ 'Qwen3-*': 32_768 }),
  ],
])('reads %s', (text, expected) => {
  expect(read(text)).toEqual(expected)
})

it.each(['0', '-5', '8k', 'Qwen3-*=', 'Qwen3-*=many'])('refuses %j by its name', (text) => {
  expect(() => read(text)).toThrow(/--webgpu-context.*expected a number of tokens/)
})
