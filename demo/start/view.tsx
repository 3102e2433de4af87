import { engines } from '../activity/store.ts'
import { hasServer, isChecked, isServerAdmin, wantsKey } from '../api.ts'
import { isBuiltIn } from '../engines/words.ts'
import { models } from '../state.ts'
import { hashOf } from '../views.ts'
import { best, chatWith, isLost, ready, STATIC, tryStream, useFound } from './found.ts'
import { GpuModels } from './gpu.tsx'
import { InstallList } from './install-list.tsx'
import { Servers } from './servers.tsx'

/** What was found, and what to try next. */
export function StartView() {
  useFound()
  return (
    <main class="view start" aria-label="Start">
      <div class="start-page">
        <Welcome />
        <div class="start-columns">
          <Servers />
          <GpuModels />
          {!isFilesOnly() && <InstallList isOpen={isWithoutModels()} />}
        </div>
      </div>
    </main>
  )
}

/** Whether no sluice serves this page. */
function isFilesOnly(): boolean {
  return isChecked.value && !hasServer.value && !isLost.value
}

/** Whether there is a sluice, and it has no model: then the first way to get one is open. */
function isWithoutModels(): boolean {
  return hasServer.value && !wantsKey.value && ready.value.length === 0
}

function Welcome() {
  const { title, text } = words()
  const model = best.value
  const canTry = models.value?.some(({ id }) => id === STATIC) && !wantsKey.value
  return (
    <div class="welcome">
      <div role="status">
        <h2>{title}</h2>
      </div>
      <p>{text}</p>
      <p class="start-actions">
        {model !== undefined && (
          <button type="button" onClick={() => void chatWith(model)}>
            Chat with {model}
          </button>
        )}
        <button
          type="button"
          class={model === undefined ? '' : 'plain'}
          disabled={!canTry}
          onClick={() => void tryStream()}
        >
          Try a stream now
        </button>
        <a class="button plain" href={hashOf('connect')}>
          Connect your client
        </a>
      </p>
    </div>
  )
}

function words(): { title: string; text: string } {
  const count = ready.value.length
  if (!isChecked.value) {
    return { title: 'Looking for models…', text: 'sluice asks the servers on this machine.' }
  }
  if (isLost.value) {
    return {
      title: 'sluice does not answer',
      text: 'It was here before. This page goes on by itself when sluice runs again.',
    }
  }
  if (wantsKey.value) {
    return {
      title: 'This sluice needs an API key',
      text: 'Enter it below to see the models that it may use.',
    }
  }
  if (count > 0) {
    return {
      title: count === 1 ? 'One model is ready' : `${count} models are ready`,
      text: 'Chat here, or point any program that speaks the OpenAI, Anthropic or Ollama API at this address.',
    }
  }
  if (isServerAdmin.value && engines.value?.some((engine) => !isBuiltIn(engine))) {
    return {
      title: 'The model servers do not answer',
      text: 'Below is what each of them says. Until then the built-in model streams a fixed sentence.',
    }
  }
  if (!hasServer.value) {
    return {
      title: 'Models run in this browser',
      text: 'No sluice answers at this address, so there are only the models of this browser’s GPU, and a built-in one that streams a fixed sentence, word by word.',
    }
  }
  return {
    title: 'sluice runs. Now it needs a model',
    text: 'Start a model server, or run a model on this browser’s GPU. To see a stream at once, the built-in model says a fixed sentence, word by word.',
  }
}
