import { type FormEvent, useState } from "react";

import type { DemoToken } from "./catalogue";
import { ANONYMOUS, type Identity } from "./identity";

interface IdentityMenuProps {
  tokens: DemoToken[];
  identity: Identity;
  onIdentity: (identity: Identity) => void;
}

/** A token as people paste it: with or without the scheme's word, with the white space of a terminal. */
function withoutScheme(pasted: string): string {
  return pasted.trim().replace(/^bearer\s+/i, "");
}

function TokenField({ identity, onIdentity }: Omit<IdentityMenuProps, "tokens">) {
  const [text, setText] = useState(identity.kind === "pasted" ? identity.token : "");

  function take(event?: FormEvent): void {
    event?.preventDefault();
    onIdentity({ kind: "pasted", token: withoutScheme(text) });
  }

  return (
    <form className="shaodao-token" onSubmit={take}>
      <input
        aria-label="令牌 Token"
        placeholder="粘贴令牌，回车生效 · paste a token, then Enter"
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onBlur={() => take()}
      />
    </form>
  );
}

/** The demo's people, nobody, or a token of one's own; a server that is no demo offers the field alone. */
export function IdentityMenu({ tokens, identity, onIdentity }: IdentityMenuProps) {
  const chosen = identity.kind === "demo" ? `demo:${identity.label}` : identity.kind;

  function choose(value: string): void {
    if (value === "anonymous") onIdentity(ANONYMOUS);
    else if (value === "pasted") onIdentity({ kind: "pasted", token: "" });
    else onIdentity({ kind: "demo", label: value.slice("demo:".length) });
  }

  if (tokens.length === 0) return <TokenField identity={identity} onIdentity={onIdentity} />;
  return (
    <div className="shaodao-identity">
      <label>
        身份
        <select value={chosen} onChange={(event) => choose(event.target.value)}>
          {tokens.map(({ label }) => (
            <option key={label} value={`demo:${label}`}>
              {label}
            </option>
          ))}
          <option value="anonymous">不带令牌 (anonymous)</option>
          <option value="pasted">粘贴令牌… (paste a token)</option>
        </select>
      </label>
      {identity.kind === "pasted" && <TokenField identity={identity} onIdentity={onIdentity} />}
    </div>
  );
}
