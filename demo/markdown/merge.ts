/**
 * Makes what a place shows equal to fresh nodes, and keeps what is equal already: an answer grows at its
 * end, so that what was selected, opened or focused before stays. Nodes and never HTML: a text that is
 * parsed again can turn into another one.
 */
import { CodeBox } from './code-box.ts'

interface CodeIn {
  language: string
  text: string
}

const boxes = new WeakMap<Node, CodeBox>()

/** `isGrowing`: more may come. */
export function merge(place: Element, fresh: ParentNode, isGrowing: boolean): void {
  let old = place.firstChild
  let next = fresh.firstChild
  while (next !== null) {
    const following = next.nextSibling
    if (old === null) place.append(finished(next, isGrowing))
    else {
      const after: ChildNode | null = old.nextSibling
      if (!isMerged(old, next, isGrowing)) old.replaceWith(finished(next, isGrowing))
      old = after
    }
    next = following
  }
  while (old !== null) {
    const after: ChildNode | null = old.nextSibling
    old.remove()
    old = after
  }
}

function isMerged(old: ChildNode, next: ChildNode, isGrowing: boolean): boolean {
  const box = boxes.get(old)
  const code = codeIn(next)
  if (box !== undefined || code !== undefined) {
    if (box === undefined || code === undefined || box.language !== code.language) return false
    box.show(code.text, isGrowing)
    return true
  }
  if (old instanceof Text && next instanceof Text) {
    if (old.data !== next.data) old.data = next.data
    return true
  }
  if (!(old instanceof Element && next instanceof Element) || !isSameTag(old, next)) return false
  merge(old, next, isGrowing)
  return true
}

function isSameTag(old: Element, next: Element): boolean {
  const shallow = old.cloneNode() as Element
  // Details that the reader opened.
  if (!next.hasAttribute('open')) shallow.removeAttribute('open')
  return shallow.isEqualNode(next.cloneNode())
}

/** With a box for each block of code. */
function finished(node: ChildNode, isGrowing: boolean): ChildNode {
  const own = codeIn(node)
  if (own !== undefined) return boxOf(own, isGrowing)
  if (node instanceof Element) {
    for (const pre of node.querySelectorAll('pre')) {
      const code = codeIn(pre)
      if (code !== undefined) pre.replaceWith(boxOf(code, isGrowing))
    }
  }
  return node
}

function boxOf({ language, text }: CodeIn, isGrowing: boolean): HTMLElement {
  const box = new CodeBox(language)
  box.show(text, isGrowing)
  boxes.set(box.element, box)
  return box.element
}

/** Undefined for what is no block of code alone. */
function codeIn(node: ChildNode): CodeIn | undefined {
  if (!(node instanceof HTMLPreElement) || node.childNodes.length !== 1) return undefined
  const code = node.firstElementChild
  if (code?.tagName !== 'CODE') return undefined
  const language = /^language-(.+)$/.exec(code.className)?.[1] ?? ''
  return { language, text: (code.textContent ?? '').replace(/\n$/, '') }
}
