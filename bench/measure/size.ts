import { sizeOf } from '../../scripts/size.mjs'

/** Bytes of the handler for the edge, without web-llm: bundled and minified, and that gzipped. */
export async function measureSize(): Promise<Record<string, number>> {
  const { minified, gzip } = await sizeOf('worker/edge.ts', ['workerd', 'worker'])
  return { 'size.minified': minified, 'size.gzip': gzip }
}
