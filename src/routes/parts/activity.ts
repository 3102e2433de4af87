import { activity as activitySettings } from '../../settings/table/of-parts.ts'
import { ActivityFeed } from '../../telemetry/activity/activity-feed.ts'
import { always, entries, get, post } from '../table-entry.ts'
import { telemetrySources } from '../telemetry-sources.ts'
import type { HandlerPart } from './part.ts'

const module = () => import('../activity/activity.ts')

/** `GET /v1/activity`: requests while they happen. */
export const activity = {
  name: 'activity',
  settings: activitySettings,
  sources: telemetrySources,
  telemetry: { activity: () => new ActivityFeed() },
  routes: entries({
    listActivity: get('key', '/v1/activity', 'ActivityList', module),
    retrieveActivity: get('key', '/v1/activity/:id', 'Activity', module),
    cancelActivity: always(post('key', '/v1/activity/:id/cancel', undefined, 'Activity', module)),
  }),
} satisfies HandlerPart
