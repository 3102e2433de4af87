import { integer } from '../declaration.ts'

export const activity = {
  activity: integer({
    min: 0,
    max: 10_000,
    default: 500,
    placeholder: 'N',
    help: 'How many requests that have ended GET /v1/activity shows, besides the running ones; 0 switches the activity feed off.',
  }),
}
