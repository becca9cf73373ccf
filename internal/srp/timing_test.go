//go:build timing

package srp

import (
	"crypto/rand"
	"math"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTiming is a smoke test, not a proof. It is not part of CI, because it needs a quiet machine:
//
//	go test -tags timing -run TestTiming -v ./internal/srp
//
// It measures an exponentiation for two classes of exponents in random order, and compares the
// means with Welch's t-test. If t exceeds 4.5, they differ. The same measurement of math/big, whose
// time depends on the exponent's leading zeros, shows that the test can detect a difference.
func TestTiming(t *testing.T) {
	base := referencePrime()
	base.Rsh(base, 1)
	x, prime := nat(base), referencePrime()

	sparse := func(e []byte) { clear(e[:8]) }
	dense := func(e []byte) {
		for i := range e[:8] {
			e[i] = 0xff
		}
	}
	ours := welch(4000, sparse, dense, func(e []byte) { exp(x, e) })
	generator := welch(4000, sparse, dense, func(e []byte) { powerOfG((*[secretSize]byte)(e)) })
	control := welch(4000, sparse, dense, func(e []byte) { new(big.Int).Exp(base, new(big.Int).SetBytes(e), prime) })
	t.Logf("t of exp %.1f, of powerOfG %.1f, of math/big %.1f", ours, generator, control)
	require.Greater(t, math.Abs(control), 10.0, "the machine is too noisy to tell")
	assert.Less(t, math.Abs(ours), 4.5)
	assert.Less(t, math.Abs(generator), 4.5)
}

// welch measures fn n times for each class of exponents and returns Welch's t. It ignores the
// slowest tenth, when something else ran.
func welch(n int, first, second func([]byte), fn func([]byte)) float64 {
	var times [2][]float64
	e := make([]byte, secretSize)
	var coin [1]byte
	for len(times[0]) < n || len(times[1]) < n {
		_, _ = rand.Read(e)
		_, _ = rand.Read(coin[:])
		class := coin[0] & 1
		[2]func([]byte){first, second}[class](e)
		start := time.Now()
		fn(e)
		times[class] = append(times[class], float64(time.Since(start)))
	}
	var mean, variance [2]float64
	for i := range times {
		slices.Sort(times[i])
		times[i] = times[i][:len(times[i])*9/10]
		for _, v := range times[i] {
			mean[i] += v / float64(len(times[i]))
		}
		for _, v := range times[i] {
			variance[i] += (v - mean[i]) * (v - mean[i]) / float64(len(times[i])-1)
		}
	}
	return (mean[0] - mean[1]) / math.Sqrt(variance[0]/float64(len(times[0]))+variance[1]/float64(len(times[1])))
}
