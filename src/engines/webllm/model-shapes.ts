/**
 * What the key-value cache of web-llm's models is made of, by the names of their families. The numbers are
 * those of each model's `config.json` (`num_hidden_layers`, `num_key_value_heads`, `head_dim`,
 * `max_position_embeddings`). `test/unit/engines/webllm/model-shapes.test.ts` compares them with the memory
 * that web-llm states for builds that differ in nothing but their context or their precision, and names the
 * models that have no row.
 */
export interface ModelShape {
  layers: number
  kvHeads: number
  headDim: number
  /** The longest context that may be asked for, in tokens. */
  longest: number
}

const K = 1_024

/**
 * Where the numbers are from: those of Llama 3.1 and 3.2, TinyLlama, Qwen 2, 2.5 and 3 up to 1.7B, Mistral v0.1 and
 * v0.3, Ministral 3, Phi 3.5 and 4, SmolLM2 up to 360M, Gemma, OLMo 2 and StableLM 2 from the configurations in
 * MLC LLM's `python/mlc_llm/model/model_preset.py`; those of Llama 2 (its context) and 3, Qwen 3 from 4B, Qwen 2.5
 * Math, Mistral v0.2, Phi 3 and SmolLM2 1.7B from LitGPT's `litgpt/config.py`; those of DeepSeek-R1-Distill-Qwen-7B
 * and WizardMath from copies of their `config.json` on Hugging Face. One whose numbers were not found has no row,
 * and keeps the context that web-llm states.
 *
 * By inference, from the model that they were fine-tuned or merged from and not from a configuration of their own:
 * all Hermes, OpenHermes and NeuralHermes; DeepSeek-R1-Distill-Llama-8B; Qwen 2.5 Coder, and Qwen 2 Math from
 * Qwen 2.5 Math; Phi 3.5 vision; Gemma 2 2B JPN; Ministral 3 Base and Reasoning; TinyLlama v0.4.
 *
 * Layers, heads of keys and values, and the size of one; then the longest context. That is what the model
 * was trained with, or less where web-llm does not follow the model beyond it: Phi 3.5 and 4 and Ministral
 * scale their positions (`longrope`, `yarn`) only beyond an original length, and Gemma 2 and the models made
 * from Mistral 7B v0.1 look at a sliding window of 4,096 tokens, which these builds do not have.
 */
export const SHAPES: readonly (readonly [RegExp, number, number, number, number])[] = [
  [/^(Hermes-3-)?Llama-3\.2-1B/, 16, 8, 64, 128 * K],
  [/^(Hermes-3-)?Llama-3\.2-3B/, 28, 8, 128, 128 * K],
  [/^(Hermes-3-Llama-3\.1|Llama-3\.1|DeepSeek-R1-Distill-Llama)-8B/, 32, 8, 128, 128 * K],
  [/^Llama-3\.1-70B/, 80, 8, 128, 128 * K],
  [/^(Hermes-2-(Pro|Theta)-)?Llama-3-8B/, 32, 8, 128, 8 * K],
  [/^Llama-3-70B/, 80, 8, 128, 8 * K],
  [/^Qwen3-(0\.6|1\.7)B/, 28, 8, 128, 40 * K],
  [/^Qwen3-[48]B/, 36, 8, 128, 40 * K],
  [/^Qwen2(\.5)?-Math-1\.5B/, 28, 2, 128, 4 * K],
  [/^Qwen2(\.5)?-Math-7B/, 28, 4, 128, 4 * K],
  [/^Qwen2(\.5)?-(Coder-)?0\.5B/, 24, 2, 64, 32 * K],
  [/^Qwen2(\.5)?-(Coder-)?1\.5B/, 28, 2, 128, 32 * K],
  [/^Qwen2\.5-(Coder-)?3B/, 36, 2, 128, 32 * K],
  [/^Qwen2(\.5)?-(Coder-)?7B/, 28, 4, 128, 32 * K],
  [/^DeepSeek-R1-Distill-Qwen-7B/, 28, 4, 128, 128 * K],
  [/^Mistral-7B-Instruct-v0\.[23]/, 32, 8, 128, 32 * K],
  [/^(Hermes-2-Pro-|OpenHermes-2\.5-|NeuralHermes-2\.5-)Mistral-7B/, 32, 8, 128, 4 * K],
  [/^WizardMath-7B/, 32, 8, 128, 4 * K],
  [/^Ministral-3-3B/, 26, 8, 128, 16 * K],
  [/^Phi-(3\.5-mini|3\.5-vision|3-mini-4k)/, 32, 32, 96, 4 * K],
  [/^Phi-4-mini/, 32, 8, 128, 4 * K],
  [/^SmolLM2-1\.7B/, 24, 32, 64, 8 * K],
  [/^SmolLM2-360M/, 32, 5, 64, 8 * K],
  [/^SmolLM2-135M/, 30, 3, 64, 8 * K],
  [/^gemma-2-2b/, 26, 4, 256, 4 * K],
  [/^gemma-2-9b/, 42, 8, 256, 4 * K],
  [/^gemma-2b/, 18, 1, 256, 8 * K],
  [/^OLMo-2-1124-7B/, 32, 32, 128, 4 * K],
  [/^stablelm-2-zephyr-1_6b/, 24, 32, 64, 4 * K],
  [/^TinyLlama-1\.1B/, 22, 4, 64, 2 * K],
  [/^Llama-2-7b/, 32, 32, 128, 4 * K],
  [/^Llama-2-13b/, 40, 40, 128, 4 * K],
]

/** The shape of a model of web-llm's list; undefined for others, and where web-llm's way is not known. */
export function shapeOf(modelId: string): ModelShape | undefined {
  const row = SHAPES.find(([name]) => name.test(modelId))
  if (row === undefined) return undefined
  const [, layers, kvHeads, headDim, longest] = row
  return { layers, kvHeads, headDim, longest }
}

/** Bytes of each number in the cache: builds whose name has `f32` compute with 32 bits, others with 16. */
export function bytesPerNumber(modelId: string): number {
  return /-q\df32/.test(modelId) ? 4 : 2
}
