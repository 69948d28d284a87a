// Package archtest holds the rules of the house that no compiler holds: which package may
// import which, where each outside module may appear, how long a file may be, and that
// docs/requirements.md and docs/complaints.md tell the truth about the tests. It consists of tests alone.
package archtest
