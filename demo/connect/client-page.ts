/** The lines that connect a client, as scripts/client-lines.mjs derives them from docs/clients/*.md. */

export type BlockKind = 'quiet' | 'env' | 'setup' | 'file' | 'run' | 'again'

interface Scoped {
  /** The APIs that it is for; none where it is for all. */
  apis: string[]
}

export interface BlockPart extends Scoped {
  kind: 'block'
  use: BlockKind
  /** The path, of a file. */
  path: string
  text: string
}

/** Texts are Markdown with code and links only. */
export type Part =
  | BlockPart
  | (Scoped & { kind: 'heading'; text: string })
  | (Scoped & { kind: 'text'; text: string })
  | (Scoped & { kind: 'list'; items: string[] })

export interface ClientPage {
  /** What names it in the address: `#connect/codex`. */
  name: string
  title: string
  intro: string
  /** The command that installs it. */
  install?: string
  /** What it needs of a model. */
  advice?: string
  /** The ids of the APIs that it can use, its usual one first. */
  apis: string[]
  /** The version that the field suite has driven, and when. */
  tested?: { version: string; date: string }
  /** Whether it is a library or a command rather than a program. */
  isSdk?: boolean
  parts: Part[]
}
