import type { Activity } from '../../src/wire/activity/schema.ts'
import { copyCurl, save, stopRequest } from './actions.ts'
import { askInChat, chatOf, play, sendAgain, stopPlaying } from './replay.ts'
import type { Seen } from './watch.ts'

export function DetailActions({ now, record }: { now: Seen; record: Activity }) {
  const isRunning = record.state !== 'ended'
  const hasFrames = now.packets.length > 0 || now.recording !== undefined
  return (
    <div class="actions">
      {isRunning && (
        <button type="button" class="stop" onClick={() => void stopRequest(record.id)}>
          Stop
        </button>
      )}
      <button type="button" class="quiet" onClick={() => void copyCurl(record)}>
        Copy as curl
      </button>
      {(hasFrames || record.capture !== undefined) && !now.playing && (
        <button type="button" class="quiet" onClick={() => void save(now)}>
          Save
        </button>
      )}
      {!isRunning && hasFrames && (
        <button
          type="button"
          class="quiet"
          onClick={() => (now.playing ? stopPlaying() : void play(now))}
        >
          {now.playing ? 'Show all' : 'Play'}
        </button>
      )}
      {now.recording?.request.body !== undefined && (
        <button type="button" class="quiet" onClick={() => void sendAgain(now)}>
          Send again
        </button>
      )}
      {chatOf(now) !== undefined && (
        <button type="button" class="quiet" onClick={() => askInChat(now)}>
          Ask in the chat
        </button>
      )}
    </div>
  )
}
