/**
 * What the address of a store says.
 *
 * @module
 */

/** The kinds of stores that an address can name. */
export type BodyStorageAddress = { readonly kind: "file"; readonly folder: string } | S3Address;

/** A bucket of S3, or of a store like it. */
export interface S3Address {
  readonly kind: "s3";
  readonly bucket: string;
  /** Without a slash at its ends; empty for none. */
  readonly prefix: string;
  readonly region?: string;
  readonly endpoint?: string;
  readonly pathStyle: boolean;
}
