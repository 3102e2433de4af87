import { boolean } from '../declaration.ts'

export const metrics = {
  metrics: boolean({
    default: true,
    help: 'Whether requests are measured, for GET /metrics, which admin keys and keys with metrics: true may read.',
  }),
}
