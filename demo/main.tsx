import { render } from 'preact'
// What is loaded later could bring its own style only by a script.
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
import './share/share.css'
import './rebuilt.css'
import { checkKey, hasServer, isChecked, mayHaveServer, wantsKey } from './api.ts'
import { App, prepareChat } from './app.tsx'
import { startEngine } from './engine.ts'
import { startMeasuring } from './engines/measurements.ts'
import { followBuilds } from './rebuilt.tsx'
import { resumeAnswer } from './send.ts'
import { hasServiceWorker, startServiceWorker } from './service.ts'
import { followSharing } from './share/follow.ts'
import { refreshModels } from './state.ts'

const root = document.getElementById('app')
document.documentElement.classList.remove('elsewhere')
if (root) render(<App />, root)

startMeasuring()
followBuilds()
startEngine()
followSharing()
void resumeAnswer()
if (await mayHaveServer()) await checkKey()
// Its own model answers where no server does.
const isAlone = !hasServer.value || wantsKey.value
if (isAlone || hasServiceWorker()) await startServiceWorker()
if (!isChecked.value) await checkKey()
await refreshModels()
prepareChat()
