/** Stands in for `form-data`, by which axios would post files: it brings a table of all file types. */
export default FormData;
