import { afterEach, expect, it, vi } from 'vitest'

// Its types are those of a browser's worker.
const { prepareDeno } = await import(new URL('../../../worker/deno.ts', import.meta.url).href)

const { process } = globalThis

afterEach(() => {
  vi.unstubAllGlobals()
  globalThis.process = process
})

/** What a Deno worker has, as far as it is used: a GPU whose calls do nothing. */
function stubDeno() {
  class GPUDevice {
    createBindGroup() {
      return {}
    }
  }
  class GPUBuffer {
    async mapAsync() {
      return 'mapped'
    }
  }
  class Cache {
    add() {}
  }
  for (const [name, value] of Object.entries({ Deno: {}, GPUDevice, GPUBuffer, Cache })) {
    vi.stubGlobal(name, value)
  }
  return { device: new GPUDevice(), buffer: new GPUBuffer() }
}

/** A value that only the garbage collector can take away. */
function garbage(): WeakRef<object> {
  return new WeakRef({ bytes: new Uint8Array(10) })
}

const turn = () => new Promise((resolve) => setTimeout(resolve))

it('collects garbage while the GPU computes, once many bind groups were made', async () => {
  const { device, buffer } = stubDeno()
  prepareDeno()
  globalThis.process = process
  const left = garbage()
  await turn()
  for (let i = 0; i < 999; i++) device.createBindGroup()
  expect(await buffer.mapAsync()).toBe('mapped')
  await turn()
  expect(left.deref()).toBeDefined()
  await turn()
  device.createBindGroup()
  expect(await buffer.mapAsync()).toBe('mapped')
  await turn()
  expect(left.deref()).toBeUndefined()
})

it('changes nothing in a browser', () => {
  const { device } = stubDeno()
  vi.stubGlobal('Deno', undefined)
  Reflect.deleteProperty(globalThis, 'Deno')
  const { createBindGroup } = Object.getPrototypeOf(device)
  prepareDeno()
  expect(Object.getPrototypeOf(device).createBindGroup).toBe(createBindGroup)
  expect(globalThis.process).toBe(process)
})
