import { entries, get } from '../table-entry.ts'
import type { HandlerPart } from './part.ts'

const module = () => import('../models.ts')

/** `GET /v1/models` */
export const models = {
  name: 'models',
  routes: entries({
    listModels: get('key', '/v1/models', ['ModelList', 'ModelPage'], module),
    retrieveModel: get('key', '/v1/models/:id+', ['Model', 'ModelInfo'], module),
  }),
} satisfies HandlerPart
