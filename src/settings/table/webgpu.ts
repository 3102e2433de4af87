import { tokensByModel } from '../context-length.ts'
import { boolean, integer, size, text, time } from '../declaration.ts'

const deno = {
  where: ['deno'],
  needsRestart: true,
  instead: 'run it on Deno with: npm run start:deno -- --webgpu',
} as const

/** Models that run on this computer's GPU. */
export const webgpu = {
  webgpu: boolean({
    ...deno,
    default: false,
    help: 'Run models on this computer’s GPU, without another server.',
  }),
  webgpuModels: text({
    ...deno,
    placeholder: 'FILE|URL',
    expected: 'a path or URL of a JSON file',
    help: 'A JSON file with models of your own, in the form of web-llm’s model_list.',
  }),
  webgpuMemory: size({
    ...deno,
    min: 1e6,
    max: 1e12,
    placeholder: 'SIZE',
    expected: 'a size from 1MB to 1TB, such as 6GB',
    help: 'The most GPU memory that a model may need; models that need more are left out.',
  }),
  webgpuContext: tokensByModel({
    ...deno,
    placeholder: 'TOKENS',
    help: 'The context of the models in tokens, for all of them or by their names, in which * stands for any characters: 16384, or Qwen3-4B-*=32768,Llama-*=8192. No model gets more than it was made for, or than webgpuMemory allows. By default it is as long as that allows, up to 32768; without webgpuMemory, as fits into 1 GB more than web-llm states.',
  }),
  webgpuQueue: integer({
    ...deno,
    min: 0,
    max: 10_000,
    default: 16,
    placeholder: 'N',
    help: 'How many requests may wait for the GPU.',
  }),
  webgpuIdle: time({
    ...deno,
    min: 1_000,
    placeholder: 'TIME',
    help: 'How long the GPU goes without a request before its memory is freed. By default it is never freed.',
  }),
}
