import { render } from 'preact'
import './style.css'
import './nav.css'
import './common.css'
import './engines/engines.css'
import './keys/keys.css'
import './captures/captures.css'
import './models.css'
import './chat.css'
import './chat/message.css'
import './chat/composer.css'
import './markdown/words.css'
import './wire.css'
import './frames/frames.css'
import './activity/activity.css'
import './activity/detail.css'
import './start/start.css'
import './connect/connect.css'
import { checkKey } from './api.ts'
import { App } from './app.tsx'
import { startEngine } from './engine.ts'
import { resumeAnswer } from './send.ts'
import { startServiceWorker } from './service.ts'
import { refreshModels } from './state.ts'

const root = document.getElementById('app')
if (root) render(<App />, root)

startEngine()
void resumeAnswer()
await Promise.all([startServiceWorker(), checkKey()])
await refreshModels()
