// Links in the text of Markdown.

/** The text with each link replaced, outside of code. */
export function mapLinks(text: string, change: (link: string) => string): string {
  // Fenced code, code within a line, or the end of a link.
  const parts = /(^(```+|~~~+)[\s\S]*?^\2|``[\s\S]*?``|`[^`\n]*`)|\]\(([^()<>\s]+)\)/gm
  return text.replace(parts, (all, code: string | undefined, _fence, link: string) =>
    code === undefined ? `](${change(link)})` : all,
  )
}
