import { hasServer, isChecked, key } from '../api.ts'
import { CopyLine } from '../copy-line.tsx'
import { Key } from '../key.tsx'
import { isOnThisMachine } from '../start/place.ts'
import { chosenModel } from '../state.ts'
import { isPlain } from './fill.ts'
import { clientModel, clientModels, isKeyShown, keyState, valuesFor } from './values.ts'

/** What the lines are filled with: the address, the key and the model. */
export function OwnValues() {
  return (
    <section class="own-values" aria-label="What the lines are filled with">
      <dl>
        <div>
          <dt>Address</dt>
          <dd>
            <CopyLine text={valuesFor('shown').url} />
          </dd>
        </div>
        <div>
          <dt>Key</dt>
          <dd>
            <OwnKey />
          </dd>
        </div>
        <div>
          <dt>
            <label for="client-model">Model</label>
          </dt>
          <dd>
            <OwnModel />
          </dd>
        </div>
      </dl>
      <Place />
    </section>
  )
}

function OwnKey() {
  if (keyState.value === 'needed') return <Key />
  if (keyState.value === 'none') {
    return (
      <p class="weak">
        {hasServer.value ? 'This server has no keys: any' : 'Without keys, any'} word will do. The
        lines say <code>none</code>.
      </p>
    )
  }
  return (
    <p class="key-line">
      <code>{isKeyShown.value ? key.value : '••••••••'}</code>
      <button
        type="button"
        class="quiet"
        aria-pressed={isKeyShown.value}
        onClick={() => {
          isKeyShown.value = !isKeyShown.value
        }}
      >
        {isKeyShown.value ? 'Hide the key' : 'Show the key'}
      </button>
    </p>
  )
}

function OwnModel() {
  const all = clientModels.value
  if (all.length === 0) {
    return (
      <p class="weak" id="client-model">
        {isChecked.value ? 'No model is listed' : 'Loading the list of models…'}: the lines say{' '}
        <code>my-model</code>.
      </p>
    )
  }
  return (
    <>
      <select
        id="client-model"
        value={clientModel.value}
        onChange={(event) => {
          chosenModel.value = event.currentTarget.value
        }}
      >
        {all.map((id) => (
          <option key={id} value={id}>
            {id}
          </option>
        ))}
      </select>
      {!isPlain(clientModel.value) && (
        <p class="weak">
          Its name has characters that a shell may read as a command, so the lines say{' '}
          <code>my-model</code>: write the name there yourself, quoted.
        </p>
      )}
      {clientModel.value === 'static' && (
        <p class="weak">This built-in model only says a fixed sentence.</p>
      )}
    </>
  )
}

/** What a client on another machine needs. */
function Place() {
  if (isChecked.value && !hasServer.value) {
    return (
      <p class="weak">
        No sluice answers at this page’s address. The lines are for one that runs on your machine:{' '}
        <code>npm start</code>.
      </p>
    )
  }
  if (!isOnThisMachine()) return null
  return (
    <p class="weak">
      For a client on another machine, start sluice with <code>--host 0.0.0.0</code> and keys (
      <code>sluice key new NAME</code> makes one), and open this page by this machine’s address
      there.
    </p>
  )
}
