package cli

// withoutWaiting is nothing here: Windows has no named pipes in folders.
const withoutWaiting = 0
