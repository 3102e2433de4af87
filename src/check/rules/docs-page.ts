import type { Rule, Section } from './rule.ts'
import { rules } from './rules.ts'

const SECTIONS: Record<Section, string> = {
  headers: 'How a stream is announced',
  framing: 'The event-stream format',
  arrival: 'How events arrive',
  schema: 'The form of chunks and events',
  contract: 'What stands where, and how a stream ends',
  tools: 'Calls of tools',
  structured: 'Structured output',
  whole: 'Answers without a stream',
  errors: 'Refusals',
  cancelling: 'Clients that leave',
  cors: 'Browsers',
}

/** The rules as a page, in Markdown. */
export function rulesPage(): string {
  const all: [string, Rule][] = Object.entries(rules)
  const parts = Object.entries(SECTIONS).map(([section, title]) => {
    const own = all.filter(([, rule]) => rule.section === section)
    return [`## ${title}`, ...own.map(describe)].join('\n\n')
  })
  return `${[INTRODUCTION, ...parts].join('\n\n')}\n`
}

function describe([name, { severity, dialects, requirement, affected, repair }]: [
  string,
  Rule,
]): string {
  const where = dialects === undefined ? '' : ` (${dialects.join(', ')})`
  return `### ${name}\n\n**${severity}${where}.** ${requirement}\n\n- Who stumbles: ${affected}\n- How to repair it: ${repair}`
}

const INTRODUCTION = `# What \`sluice check\` looks for

<!-- Written by scripts/rules.mjs from src/check/rules: change it there. -->

\`sluice check URL\` asks a server that speaks the OpenAI API a few small questions and holds the answers to these rules. Their names are stable.

It asks for chats, or for the API that the URL names. \`--dialect completions\`, \`responses\` or \`messages\` asks another, and \`--dialect all\` asks all four; what a server does not offer, and what can’t be judged since its stream is broken, is told with a “–” and not counted. A rule that holds for some of these APIs names them.

An **error** is something that clients fail at or lose something by. A **warning** is something that some clients fail at, or that something between server and client may fail at. A **hint** could be better, and no client is known to fail at it. The command ends with 1 where there is an error; with \`--strict\` also where there is a warning or a hint.`
