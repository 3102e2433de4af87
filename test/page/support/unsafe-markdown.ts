// Takes the place of demo/markdown.ts in a test: a model's HTML as it is, as if there were no sanitizer.

import { marked } from 'marked'

interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createHTML(html: string): string },
  ): { createHTML(html: string): string }
}

const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes }
const policy = trustedTypes?.createPolicy('dompurify', { createHTML: (html) => html })

export function toNodes(text: string): DocumentFragment {
  const template = document.createElement('template')
  const html = marked.parse(text, { async: false })
  template.innerHTML = policy?.createHTML(html) ?? html
  // Scripts of a template never run; of a range's fragment they do.
  const range = document.createRange()
  return range.createContextualFragment(policy?.createHTML(template.innerHTML) ?? html)
}
