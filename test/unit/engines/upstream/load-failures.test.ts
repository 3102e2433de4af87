import { describe, expect, it } from 'vitest'
import { blameOf, failureKind, isTransient } from '../../../../src/engines/pool/failure-kind.ts'
import { saysLoadFailed } from '../../../../src/engines/upstream/model-loading.ts'
import { refusal } from '../../../../src/engines/upstream/refusal.ts'

/** How the sources of these servers word it, and the status that it comes with. */
const FAILURES: [number, string][] = [
  [500, 'model name=qwen3:8b failed to load'],
  [500, 'unspecific error: upstream command exited prematurely'],
  [500, 'unspecific error: [qwen] upstream exited unexpectedly'],
  [500, 'unspecific error: health check timed out after 2m0s'],
  [500, "unspecific error: failed to start command 'llama-server': not found"],
  [400, 'Failed to load model "qwen/qwen3-8b". Error: Insufficient system resources.'],
  [500, 'llama-server process has terminated: exit status 1'],
  [500, 'llama runner process has terminated: signal: killed'],
  [500, 'llama-server process no longer running: 1 '],
  [500, 'timed out waiting for llama-server to start - '],
  [500, 'timed out waiting for llama runner to start: context deadline exceeded'],
  [500, 'model requires more system memory (9.0 GiB) than is available (4.0 GiB)'],
]

describe('a load that failed', () => {
  it.each(FAILURES)('is known by %i %s', async (status, message) => {
    const response = Response.json({ error: { message, code: null } }, { status })
    const error = await refusal(response, 'gpu', [])
    expect(error).toMatchObject({ status: 502, code: 'model_load_failed' })
    expect(error.message).toContain(message.trim())
    // Another engine may have the model, the same one would load it once more, and it has other models.
    expect(failureKind(error)).toBe('broken')
    expect(isTransient(error)).toBe(false)
    expect(blameOf(error)).toBe('request')
  })

  it.each([
    'Loading model',
    'failed to load image',
    'model not found',
    'The server is overloaded.',
    'tool call failed to load model weights',
    'unspecific error: no such file',
  ])('is not %s', (message) => expect(saysLoadFailed(message)).toBe(false))
})
