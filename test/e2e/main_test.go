// Package e2e walks whole calls through a real Asterisk, a real Redis and real SIP phones
// and holds what the phones witnessed against ledger, counters, report and recordings.
package e2e

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
