/** The program behind the command. scripts/bundle.mjs puts a bundle in its place in the package. */

interface Program {
  main(args: readonly string[]): Promise<void>
}

/** Runs the command on this runtime, with the arguments of the process. */
export async function startOn(name: 'bun' | 'deno' | 'node'): Promise<void> {
  // A computed path, since no compiler knows the types of all three runtimes.
  const host: Program = await import(`./${name}.ts`)
  await host.main(process.argv.slice(2))
}
