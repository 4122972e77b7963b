import type { ParseOptions } from "./parse_options.ts";

/** The names in an option that may be one name or an array of names. */
type Names<TOption> = TOption extends readonly (infer TName)[] ? Extract<TName, string> : Extract<TOption, string>;

/** `"7233"` as `string`, `false` as `boolean`: a default says what type a flag has, not which value. */
type Widen<TValue> = TValue extends string ? string
  : TValue extends number ? number
  : TValue extends boolean ? boolean
  : TValue;

type Negated<TOptions extends ParseOptions, TName> = TName extends Names<TOptions["negatable"]> ? false : never;

type StringFlags<TOptions extends ParseOptions> =
  & { [Name in Exclude<Names<TOptions["string"]>, Names<TOptions["collect"]>>]?: string | Negated<TOptions, Name> }
  & { [Name in Extract<Names<TOptions["string"]>, Names<TOptions["collect"]>>]: string[] | Negated<TOptions, Name> };

type BooleanFlags<TOptions extends ParseOptions> = { [Name in Names<TOptions["boolean"]>]: boolean };

type CollectFlags<TOptions extends ParseOptions> = {
  [Name in Exclude<Names<TOptions["collect"]>, Names<TOptions["string"] | TOptions["boolean"]>>]:
    | unknown[]
    | Negated<TOptions, Name>;
};

type Flags<TOptions extends ParseOptions> = StringFlags<TOptions> & BooleanFlags<TOptions> & CollectFlags<TOptions>;

/** A flag with a default is never undefined. */
type WithDefaults<TFlags, TDefault> = unknown extends TDefault ? TFlags
  :
    & Omit<TFlags, keyof TDefault>
    & {
      -readonly [Name in keyof TDefault]: Name extends keyof TFlags ? Widen<TDefault[Name]> | NonNullable<TFlags[Name]>
        : unknown;
    };

type WithAliases<TFlags, TAlias> = {
  [Name in keyof TFlags as Name | (Name extends keyof TAlias ? Names<TAlias[Name]> : never)]: TFlags[Name];
};

type Flatten<TRecord> = { [Key in keyof TRecord]: TRecord[Key] };

/**
 * The value returned from `parseArgs`: typed from the literal names in `string`, `boolean`, `collect`, `default` and
 * `alias`. Without any of the first three every flag is `any`, as upstream.
 */
export type Args<TOptions extends ParseOptions = ParseOptions> =
  & (Names<TOptions["string"] | TOptions["boolean"] | TOptions["collect"]> extends never
    // deno-lint-ignore no-explicit-any
    ? Record<string, any>
    :
      & Record<string, unknown>
      & Flatten<WithAliases<WithDefaults<Flags<TOptions>, TOptions["default"]>, TOptions["alias"]>>)
  & {
    /** The arguments that are not flags; those that look like numbers as numbers. */
    _: (string | number)[];
  }
  & (TOptions["--"] extends true ? {
      /** The arguments after `--`. */
      "--": string[];
    }
    : unknown);
