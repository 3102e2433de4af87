// `node scripts/webllm-models.mjs`: writes worker/webllm-models.json, web-llm's own list of models, so that
// what runs on a GPU can be listed without web-llm's 6 MB.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from './hosts.mjs'

/** The file's text: a model in each line. */
export async function webllmModels() {
  const { prebuiltAppConfig } = await import('@mlc-ai/web-llm')
  const lines = prebuiltAppConfig.model_list.map((/** @type {object} */ record) =>
    JSON.stringify(record),
  )
  return `[\n${lines.join(',\n')}\n]\n`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(join(root, 'worker/webllm-models.json'), await webllmModels())
}
