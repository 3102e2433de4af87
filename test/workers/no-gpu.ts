// For an engine's worker whose pipeline is a stand-in.

/** It needs no GPU; what looks for one finds what it wants. */
export function lendGpu(): void {
  Object.defineProperty(navigator, 'gpu', {
    value: {
      requestAdapter: async () => ({
        features: new Set(),
        limits: { maxBufferSize: 2 ** 31, maxStorageBufferBindingSize: 2 ** 31 },
        info: { description: 'stand-in' },
      }),
    },
  })
}
