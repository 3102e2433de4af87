/** Finds the parts of code that are coloured. Loaded when a block of code has a language. */

import bash from '@speed-highlight/core/languages/bash.js'
import c from '@speed-highlight/core/languages/c.js'
import css from '@speed-highlight/core/languages/css.js'
import diff from '@speed-highlight/core/languages/diff.js'
import docker from '@speed-highlight/core/languages/docker.js'
import go from '@speed-highlight/core/languages/go.js'
import html from '@speed-highlight/core/languages/html.js'
import http from '@speed-highlight/core/languages/http.js'
import ini from '@speed-highlight/core/languages/ini.js'
import java from '@speed-highlight/core/languages/java.js'
import js from '@speed-highlight/core/languages/js.js'
import json from '@speed-highlight/core/languages/json.js'
import lua from '@speed-highlight/core/languages/lua.js'
import make from '@speed-highlight/core/languages/make.js'
import md from '@speed-highlight/core/languages/md.js'
import py from '@speed-highlight/core/languages/py.js'
import rs from '@speed-highlight/core/languages/rs.js'
import sql from '@speed-highlight/core/languages/sql.js'
import toml from '@speed-highlight/core/languages/toml.js'
import ts from '@speed-highlight/core/languages/ts.js'
import xml from '@speed-highlight/core/languages/xml.js'
import yaml from '@speed-highlight/core/languages/yaml.js'
import { type ShjLanguageData, tokenizeWith } from '@speed-highlight/core/tokenize'
import type { LanguageName } from './languages.ts'

const grammars = {
  ...{ bash, c, css, diff, docker, go, html, http, ini, java, js, json, lua, make, md, py, rs },
  ...{ sql, toml, ts, xml, yaml },
} satisfies Record<LanguageName, ShjLanguageData>

/** A part of the code, and what it is: `kwd`, `str`, `cmnt` and so on. */
export type CodePart = readonly [text: string, kind: string]

/** Milliseconds after which the rest of the code stays as it is. */
const MOST_TIME = 25

/**
 * Some of the grammars' expressions take time that grows with the square of a line, or of a run of white
 * space: code with longer ones stays as it is.
 */
const MOST_IN_LINE = 400
const LONG_SPACE = /\s{120}/

class TookTooLong extends Error {}

/** All of the code, in parts. They are texts: nothing in them is HTML. */
export function partsOf(code: string, language: LanguageName): CodePart[] {
  const hasLongLine = code.split('\n').some(({ length }) => length > MOST_IN_LINE)
  if (hasLongLine || LONG_SPACE.test(code)) return [[code, '']]
  const parts: CodePart[] = []
  let size = 0
  const until = performance.now() + MOST_TIME
  try {
    const add = (text: string, kind = '') => {
      if (performance.now() > until) throw new TookTooLong()
      if (text !== '') parts.push([text, kind])
      size += text.length
    }
    tokenizeWith(code, grammars[language], add, { languages: grammars })
  } catch (error) {
    if (!(error instanceof TookTooLong)) throw error
    parts.push([code.slice(size), ''])
  }
  return parts
}
