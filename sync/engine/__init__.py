"""All sync logic: pull, push, settle, dispatch, sweep. Knows no vendor and no concrete flow."""
