import { CopyButton } from './copy-button.tsx'

/** A line for a terminal, with a button that copies it. */
export function CopyLine({ text }: { text: string }) {
  return (
    <div class="copy-line">
      <code>{text}</code>
      <CopyButton text={() => text} name={text} />
    </div>
  )
}
