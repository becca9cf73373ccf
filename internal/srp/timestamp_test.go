package srp

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTimestamp(t *testing.T) {
	t.Parallel()
	east := time.FixedZone("east", 14*60*60)
	for want, when := range map[string]time.Time{
		"Wed Sep 3 09:05:01 UTC 2025":  time.Date(2025, 9, 3, 9, 5, 1, 999_999_999, time.UTC),
		"Wed Sep 3 21:05:01 UTC 2025":  time.Date(2025, 9, 3, 21, 5, 1, 0, time.UTC),
		"Wed Sep 30 00:05:01 UTC 2026": time.Date(2026, 9, 30, 0, 5, 1, 0, time.UTC),
		"Thu Feb 29 12:00:00 UTC 2024": time.Date(2024, 3, 1, 2, 0, 0, 0, east),
		"Tue Dec 31 23:59:59 UTC 2024": time.Date(2024, 12, 31, 23, 59, 59, 0, time.UTC),
	} {
		require.Equal(t, want, Timestamp(when))
		parsed, err := ParseTimestamp(want)
		require.NoError(t, err)
		assert.True(t, when.Truncate(time.Second).Equal(parsed), want)
		assert.Equal(t, time.UTC, parsed.Location())
	}
}

func TestParseTimestampIsStrict(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"",
		"Wed Sep 03 09:05:01 UTC 2025",  // a day of two digits
		"Wed Sep  3 09:05:01 UTC 2025",  // a day padded with a space
		"Thu Sep 3 09:05:01 UTC 2025",   // another weekday
		"wed sep 3 09:05:01 UTC 2025",   // lower case
		"Wed Sep 3 9:05:01 UTC 2025",    // an hour of one digit
		"Wed Sep 3 24:05:01 UTC 2025",   // an hour 24
		"Wed Sep 3 09:05:01 GMT 2025",   // another zone
		"Wed Sep 3 09:05:01 +0000 2025", // an offset
		"Wed Sep 3 09:05:01.5 UTC 2025", // a fraction
		"Wed Sep 3 09:05:01 UTC 25",
		"Wed Sep 31 09:05:01 UTC 2025",
		"Wed Sep 3 09:05:01 UTC 2025 ",
		" Wed Sep 3 09:05:01 UTC 2025",
		"Mi Sep 3 09:05:01 UTC 2025",
		"2025-09-03T09:05:01Z",
		strings.Repeat("Wed ", 1<<20),
	} {
		when, err := ParseTimestamp(text)
		require.ErrorIs(t, err, ErrMalformed, "%.40s", text)
		require.ErrorContains(t, err, "TIMESTAMP")
		assert.True(t, when.IsZero())
		assert.Less(t, len(err.Error()), 100)
	}
}
