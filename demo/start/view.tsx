import { engines } from '../activity/store.ts'
import { hasServer, isChecked, isServerAdmin, wantsKey } from '../api.ts'
import { isBuiltIn, stateTone } from '../engines/words.ts'
import { models } from '../state.ts'
import { hashOf } from '../views.ts'
import { LEAD, LOOKING } from './first-words.ts'
import { best, chatWith, isLost, isSettled, ready, STATIC, tryStream, useFound } from './found.ts'
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
        {!isSettled.value && <Skeleton />}
        <div class="start-columns" hidden={!isSettled.value}>
          <Servers />
          <GpuModels />
          {hasServer.value && !isLost.value && !wantsKey.value && (
            <InstallList isOpen={ready.value.length === 0} />
          )}
        </div>
      </div>
    </main>
  )
}

/** Stands for the cards until it is known how high they are. */
function Skeleton() {
  return (
    <div class="start-columns skeleton" aria-hidden="true">
      <div class="card" />
      <div class="card gpu" />
      <div class="card" />
    </div>
  )
}

function Welcome() {
  const { title, text } = words()
  const model = isLost.value ? undefined : best.value
  const canTry =
    models.value?.some(({ id }) => id === STATIC) ||
    (wantsKey.value && 'serviceWorker' in navigator)
  return (
    <div class="welcome">
      <p class="lead">{LEAD}</p>
      <div role="status">
        <h2>{title}</h2>
      </div>
      <p>{text}</p>
      <p class="start-actions" hidden={!isSettled.value}>
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
  if (!isSettled.value || !isChecked.value) {
    return LOOKING
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
      text: 'Enter it below to see its models. The built-in model of this page streams a fixed sentence without one.',
    }
  }
  if (count > 0) {
    return {
      title: count === 1 ? 'One model is ready' : `${count} models are ready`,
      text: 'Chat here, or point any program that speaks the OpenAI, Anthropic or Ollama API at this address.',
    }
  }
  const servers = engines.value?.filter((engine) => !isBuiltIn(engine)) ?? []
  const areAllDown = servers.every(({ state }) => stateTone(state) === 'bad')
  if (isServerAdmin.value && servers.length > 0 && areAllDown) {
    return {
      title:
        servers.length === 1
          ? 'The model server does not answer'
          : 'The model servers do not answer',
      text: 'What is known of it is below. Until then the built-in model streams a fixed sentence.',
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
