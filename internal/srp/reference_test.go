package srp

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	mathrand "math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// The reference is a second implementation of the client half, written from the formulas of the
// protocol with math/big. It shares no function with the package, and computes N from its
// definition in RFC 3526.

// referencePrime is 2^3072 - 2^3008 - 1 + 2^64 · (floor(2^2942·π) + 1690314).
func referencePrime() *big.Int {
	power := func(n uint) *big.Int { return new(big.Int).Lsh(big.NewInt(1), n) }
	// π by Machin: 16·atan(1/5) - 4·atan(1/239), scaled by 2^2942 with guard bits.
	const guard = 64
	scale := power(2942 + guard)
	atan := func(inverse int64) *big.Int {
		sum, term := new(big.Int), new(big.Int).Div(scale, big.NewInt(inverse))
		square := big.NewInt(inverse * inverse)
		for n := int64(1); term.Sign() != 0; n += 2 {
			part := new(big.Int).Div(term, big.NewInt(n))
			if n%4 == 1 {
				sum.Add(sum, part)
			} else {
				sum.Sub(sum, part)
			}
			term.Div(term, square)
		}
		return sum
	}
	pi := new(big.Int).Mul(big.NewInt(16), atan(5))
	pi.Sub(pi, new(big.Int).Mul(big.NewInt(4), atan(239)))
	middle := pi.Rsh(pi, guard)
	middle.Add(middle, big.NewInt(1690314)).Lsh(middle, 64)
	n := power(3072)
	return n.Sub(n, power(3008)).Sub(n, big.NewInt(1)).Add(n, middle)
}

// javaBytes is BigInteger.toByteArray of a number that is not negative.
func javaBytes(n *big.Int) []byte { return n.FillBytes(make([]byte, n.BitLen()/8+1)) }

func referenceHash(parts ...[]byte) *big.Int {
	h := sha256.New()
	for _, part := range parts {
		h.Write(part)
	}
	return new(big.Int).SetBytes(h.Sum(nil))
}

func referenceMAC(key []byte, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, key)
	for _, part := range parts {
		mac.Write(part)
	}
	return mac.Sum(nil)
}

// reference is what the client half comes to.
type reference struct {
	bigA, sharedSecret, signature string
}

type referenceGroup struct{ n, g, k *big.Int }

func newReferenceGroup() referenceGroup {
	n, g := referencePrime(), big.NewInt(2)
	return referenceGroup{n, g, referenceHash(javaBytes(n), javaBytes(g))}
}

func (r referenceGroup) client(a, salt, b *big.Int, id Identity, password string, block []byte, timestamp string) reference {
	bigA := new(big.Int).Exp(r.g, a, r.n)
	u := referenceHash(javaBytes(bigA), javaBytes(b))
	inner := sha256.Sum256([]byte(id.Namespace + id.Name + ":" + password))
	x := referenceHash(javaBytes(salt), inner[:])

	base := new(big.Int).Exp(r.g, x, r.n)
	base.Mul(base, r.k).Sub(b, base).Mod(base, r.n)
	exponent := new(big.Int).Mul(u, x)
	shared := base.Exp(base, exponent.Add(exponent, a), r.n)

	prk := referenceMAC(javaBytes(u), javaBytes(shared))
	key := referenceMAC(prk, []byte("Caldera Derived Key"), []byte{1})[:16]
	signature := referenceMAC(key, []byte(id.Namespace), []byte(id.Name), block, []byte(timestamp))
	return reference{bigA.Text(16), shared.Text(16), base64.StdEncoding.EncodeToString(signature)}
}

func TestReferencePrime(t *testing.T) {
	t.Parallel()
	n := referencePrime()
	require.Equal(t, primeHex, n.Text(16))
	require.True(t, n.ProbablyPrime(1))
	require.True(t, n.Rsh(n, 1).ProbablyPrime(1), "a safe prime")
}

// TestReference compares random attempts of the client half with the reference: secrets, salts and
// B of all lengths, and names and passwords of any bytes. SRP_ATTEMPTS sets the number of attempts;
// SRP_ATTEMPTS=10000 is the long run.
func TestReference(t *testing.T) {
	t.Parallel()
	attempts := 100
	if testing.Short() || raceEnabled {
		attempts = 30
	}
	if text := os.Getenv("SRP_ATTEMPTS"); text != "" {
		var err error
		attempts, err = strconv.Atoi(text)
		require.NoError(t, err, "SRP_ATTEMPTS: want a number")
	}
	var seed [32]byte
	_, _ = rand.Read(seed[:])
	t.Logf("%d attempts from the seed %x", attempts, seed)

	group := newReferenceGroup()
	workers := runtime.GOMAXPROCS(0)
	errs := make([]error, workers)
	var work sync.WaitGroup
	for worker := range workers {
		work.Go(func() {
			own := seed
			own[0] ^= byte(worker)
			random := mathrand.New(mathrand.NewChaCha8(own))
			for range (attempts + workers - 1) / workers {
				if errs[worker] = compareWithReference(group, random); errs[worker] != nil {
					return
				}
			}
		})
	}
	work.Wait()
	require.NoError(t, errors.Join(errs...))
}

// randomBytes returns up to most bytes. In one of four cases they begin with zeros.
func randomBytes(random *mathrand.Rand, most int) []byte {
	b := make([]byte, most)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	if random.IntN(4) == 0 {
		clear(b[:1+random.IntN(most)])
	}
	return b
}

func compareWithReference(group referenceGroup, random *mathrand.Rand) error {
	a := [secretSize]byte(randomBytes(random, secretSize))
	salt, b, block := randomBytes(random, 16), randomBytes(random, size), randomBytes(random, 1+random.IntN(1300))
	b[size-1] |= 1 // never 0
	names := randomBytes(random, 40)
	id, password := Identity{string(names[:9]), string(names[9:30])}, string(names[30:])
	const timestamp = "Fri Feb 3 14:00:09 UTC 2023"

	c := newClient(a[:], powerOfG(&a))
	ch, err := ParseChallenge(hex.EncodeToString(salt), hex.EncodeToString(b), base64.StdEncoding.EncodeToString(block))
	if err != nil {
		return err
	}
	signature, err := c.Sign(id, password, ch, timestamp)
	if err != nil {
		return err
	}
	u, err := scrambler(c.public, ch.padded)
	if err != nil {
		return err
	}
	got := reference{c.PublicKey(), "", signature}
	number := func(b []byte) *big.Int { return new(big.Int).SetBytes(b) }
	want := group.client(number(a[:]), number(salt), number(b), id, password, block, timestamp)
	if got.signature != want.signature || got.bigA != want.bigA {
		got.sharedSecret = plainHex(c.sharedSecret(u, id, password, ch))
		return fmt.Errorf("a=%x salt=%x b=%x id=%q password=%q block=%x:\ngot  %+v\nwant %+v", a, salt, b, id, password, block, got, want)
	}
	return nil
}
