import { streams as streamSettings } from '../../settings/table/of-parts.ts'
import { resuming } from '../runs/resumable.ts'
import { Runs } from '../runs/runs.ts'
import { always, entries, get, post, remove } from '../table-entry.ts'
import type { HandlerPart } from './part.ts'

const module = () => import('../streams/streams.ts')

/** `GET /v1/streams/{id}`: streams that go on when their connection is lost. */
export const streams = {
  name: 'streams',
  settings: streamSettings,
  resuming: { ...resuming, runs: () => new Runs() },
  routes: entries({
    retrieveStream: get('key', '/v1/streams/:id', 'text/event-stream', module),
    deleteStream: always(remove('key', '/v1/streams/:id', 'Stream', module)),
    stopStream: always(post('key', '/v1/streams/:id/stop', undefined, 'Stream', module)),
  }),
} satisfies HandlerPart
