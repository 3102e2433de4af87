/**
 * Adds what web-llm needs and a Deno worker lacks. Only this worker's globals change: the server keeps
 * its `process`. Does nothing in a browser.
 */
export function prepareDeno(): void {
  if (!('Deno' in globalThis)) return
  freeGpuObjects()
  // web-llm's runtime takes a `process` for a sign of Node, and would call `require`.
  Reflect.deleteProperty(globalThis, 'process')
  if ('add' in Cache.prototype) return
  Object.defineProperty(Cache.prototype, 'add', { value: add })
}

/**
 * How many bind groups may be made before garbage is collected. web-llm makes one for each kernel, about
 * 250 for a token of a small model. On an H100, more often or four times less often was no faster.
 */
const FREE_EVERY = 1_000

/** The parts of WebGPU and of Node's modules that are used here; neither has types in a worker. */
interface Gpu {
  GPUDevice?: { prototype: { createBindGroup(...args: unknown[]): unknown } }
  GPUBuffer?: { prototype: { mapAsync(...args: unknown[]): Promise<unknown> } }
  process?: { getBuiltinModule?(name: string): unknown }
}

/**
 * Collects garbage while the GPU computes. Deno frees the objects of WebGPU only with their JavaScript
 * objects, which are so small that V8 leaves them for minutes, and each command takes longer the more of
 * them there are: within 200 tokens, a token took four times as long.
 */
function freeGpuObjects(): void {
  const { GPUDevice, GPUBuffer } = globalThis as Gpu
  const collect = garbageCollector()
  if (!GPUDevice || !GPUBuffer || !collect) return
  const { createBindGroup } = GPUDevice.prototype
  const { mapAsync } = GPUBuffer.prototype
  let made = 0
  GPUDevice.prototype.createBindGroup = function (...args) {
    made++
    return createBindGroup.apply(this, args)
  }
  // A token's result is read by it, and nothing else is done until that is there.
  GPUBuffer.prototype.mapAsync = function (...args) {
    const mapped = mapAsync.apply(this, args)
    if (made >= FREE_EVERY) {
      made = 0
      collect()
    }
    return mapped
  }
}

/** V8's own; undefined where the runtime does not lend it. */
function garbageCollector(): (() => void) | undefined {
  const load = (globalThis as Gpu).process?.getBuiltinModule
  const v8 = load?.('node:v8') as { setFlagsFromString?(flags: string): void } | undefined
  const vm = load?.('node:vm') as { runInNewContext?(code: string): unknown } | undefined
  try {
    v8?.setFlagsFromString?.('--expose-gc')
    const collect = vm?.runInNewContext?.('gc')
    return typeof collect === 'function' ? () => void collect() : undefined
  } catch {
    return undefined
  }
}

/** `Cache.add`, which Deno does not have yet. */
async function add(this: Cache, asked: RequestInfo): Promise<void> {
  const response = await fetch(asked)
  if (!response.ok) {
    const url = asked instanceof Request ? asked.url : asked
    throw new TypeError(`${url} answered ${response.status}`)
  }
  await this.put(asked, response)
}
