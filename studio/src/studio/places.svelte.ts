// Which page is shown: the part of the address behind the #, which the server never sees.

let hash = $state(location.hash);
addEventListener("hashchange", () => (hash = location.hash));

/** The parts of the address: ["cast", ID]. */
export const place = (): string[] => hash.replace(/^#\/?/, "").split("?")[0].split("/").filter(Boolean).map(decodeURIComponent);

/** A value behind the ? of the address. */
export const asked = (name: string): string | null => new URLSearchParams(hash.split("?")[1] ?? "").get(name);

export function go(to: string): void {
  location.hash = to;
}
