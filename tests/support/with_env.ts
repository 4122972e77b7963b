/** Sets environment variables, or removes those that are `undefined`, while `use` runs. */
export async function withEnv(variables: Record<string, string | undefined>, use: () => Promise<void>): Promise<void> {
  const before = Object.fromEntries(Object.keys(variables).map((name) => [name, Deno.env.get(name)]));
  setAll(variables);
  try {
    await use();
  } finally {
    setAll(before);
  }
}

function setAll(variables: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(variables)) {
    if (value === undefined) Deno.env.delete(name);
    else Deno.env.set(name, value);
  }
}
