package srp

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkHandshake measures a client's whole work for one attempt: computing A and answering a
// challenge. The other cases do the same with math/big. Other clients use a secret of 1024 bits;
// 256 bits are for comparison.
func BenchmarkHandshake(b *testing.B) {
	s := NewServer(NewVerifier(someone, somePassword))
	salt, bigB, block := s.Salt(), s.PublicKey(), base64.StdEncoding.EncodeToString(make([]byte, 1300))

	b.Run("constant-time", func(b *testing.B) {
		NewClient() // the tables are built once per process; see BenchmarkTable
		b.ReportAllocs()
		for b.Loop() {
			c := NewClient()
			_ = c.PublicKey()
			ch, err := ParseChallenge(salt, bigB, block)
			require.NoError(b, err)
			_, err = c.Sign(someone, somePassword, ch, someTimestamp)
			require.NoError(b, err)
		}
	})
	for name, secret := range map[string]int{"math-big-1024": 128, "math-big-256": 32} {
		b.Run(name, func(b *testing.B) {
			group := newReferenceGroup()
			b.ReportAllocs()
			for b.Loop() {
				signWithMathBig(b, group, make([]byte, secret), salt, bigB, block)
			}
		})
	}
}

// signWithMathBig computes A from a new secret, and then S with the full exponent.
func signWithMathBig(b *testing.B, group referenceGroup, secret []byte, saltText, publicText, blockText string) string {
	b.Helper()
	_, _ = rand.Read(secret)
	a := new(big.Int).SetBytes(secret)
	bigA := new(big.Int).Exp(group.g, a, group.n)
	_ = bigA.Text(16)

	salt, _ := new(big.Int).SetString(saltText, 16)
	public, _ := new(big.Int).SetString(publicText, 16)
	block, err := base64.StdEncoding.DecodeString(blockText)
	require.NoError(b, err)
	u := referenceHash(javaBytes(bigA), javaBytes(public))
	inner := sha256.Sum256([]byte(someone.Namespace + someone.Name + ":" + somePassword))
	x := referenceHash(javaBytes(salt), inner[:])
	base := new(big.Int).Exp(group.g, x, group.n)
	base.Mul(base, group.k).Sub(public, base).Mod(base, group.n)
	exponent := new(big.Int).Mul(u, x)
	shared := base.Exp(base, exponent.Add(exponent, a), group.n)
	key, err := hkdf.Key(sha256.New, javaBytes(shared), javaBytes(u), "Caldera Derived Key", 16)
	require.NoError(b, err)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(someone.Namespace + someone.Name))
	mac.Write(block)
	mac.Write([]byte(someTimestamp))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// BenchmarkServer measures a server's work for one attempt: computing B and verifying the
// signature.
func BenchmarkServer(b *testing.B) {
	v, c := NewVerifier(someone, somePassword), NewClient()
	for b.Loop() {
		s := NewServer(v)
		err := s.Verify(someone, c.PublicKey(), someBlock, someTimestamp, "AAAA")
		require.ErrorIs(b, err, ErrProof)
	}
}

// BenchmarkTable measures the additional cost of the first power of g: the constants and the table.
func BenchmarkTable(b *testing.B) {
	for b.Loop() {
		buildConstants()
		buildTable()
	}
}

func BenchmarkArithmetic(b *testing.B) {
	x := plainPowerOfG([]byte{0xab, 0xcd, 0xef})
	var e [secretSize]byte
	_, _ = rand.Read(e[:])
	long := append(e[:], e[:]...)
	powerOfG(&e) // builds the table
	for name, operation := range map[string]func(){
		"power-of-g-256": func() { powerOfG(&e) },
		"power-256":      func() { exp(x, e[:]) },
		"power-512":      func() { exp(x, long) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				operation()
			}
		})
	}
	base := toBig(x)
	b.Run("power-512-math-big", func(b *testing.B) {
		exponent := new(big.Int).SetBytes(long)
		for b.Loop() {
			new(big.Int).Exp(base, exponent, prime)
		}
	})
}
