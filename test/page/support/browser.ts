import { type Browser, chromium } from 'playwright-core'
import { chromiumPath } from '../../../scripts/system.mjs'

/** Chromium with WebGPU computed on the CPU. */
export function launch(...more: string[]): Promise<Browser> {
  // As root Chromium refuses to run in its sandbox.
  const root = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const args = [...root, '--enable-unsafe-webgpu', ...more]
  return chromium.launch({ executablePath: chromiumPath(), args })
}
