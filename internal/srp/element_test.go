package srp

import (
	"bytes"
	"crypto/rand"
	"math/big"
	"sync"
	"testing"

	"filippo.io/bigmod"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// edges are the numbers at which carries and reductions go wrong.
func edges() [][]byte {
	near := func(n *big.Int, by int64) []byte { return new(big.Int).Add(n, big.NewInt(by)).Bytes() }
	random := make([]byte, size)
	_, _ = rand.Read(random)
	double := new(big.Int).Lsh(prime, 1)
	// An upper half that is worth N-1, above a lower half that is N or more itself: two subtractions are due.
	upper := new(big.Int).ModInverse(radix, prime)
	upper.Mul(upper, big.NewInt(-1)).Mod(upper, prime).Lsh(upper, 3072)
	return [][]byte{
		near(new(big.Int).Add(upper, prime), 1), near(new(big.Int).Add(upper, radix), -1),
		{},
		{1},
		{2},
		near(prime, -1), prime.Bytes(), near(prime, 1), near(radix, -1), near(radix, 0), random,
		near(double, -1), near(double, 0), new(big.Int).Mul(prime, prime).Bytes(),
		near(new(big.Int).Mul(radix, radix), -1), new(big.Int).Rsh(radix, 1).Bytes(), near(new(big.Int).Rsh(radix, 64), -1),
	}
}

// TestArithmetic compares the edges with each other.
func TestArithmetic(t *testing.T) {
	t.Parallel()
	for _, x := range edges() {
		for _, y := range edges() {
			compareArithmetic(t, x, y, []byte{0xf0, 0x01, 0x80})
			compareMulAdd(t, x, y, y)
		}
	}
}

// FuzzArithmetic compares every operation with math/big and with filippo.io/bigmod.
func FuzzArithmetic(f *testing.F) {
	all := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1)).Bytes()
	f.Add([]byte{3}, []byte{5}, all)
	f.Add(prime.Bytes(), all, []byte{})
	for i, x := range edges() {
		f.Add(x, edges()[(i+3)%len(edges())], []byte{0xf0, byte(i)})
	}
	f.Fuzz(func(t *testing.T, x, y, e []byte) {
		x, y, e = x[:min(len(x), 2*size)], y[:min(len(y), 2*size)], e[:min(len(e), secretSize)]
		compareArithmetic(t, x, y, e)
		compareMulAdd(t, x, y, e)
	})
}

// modulus is N for bigmod, which takes its time to make it.
var modulus = sync.OnceValues(func() (*bigmod.Modulus, error) { return bigmod.NewModulus(prime.Bytes()) })

// operands are two numbers below N in three arithmetics.
type operands struct {
	x, y       element
	bigX, bigY *big.Int
	natX, natY *bigmod.Nat
	modulus    *bigmod.Modulus
}

// requireElement is require.Equal without its cost, which fuzzing would pay millions of times.
func requireElement(t *testing.T, want, got element, name string, details ...any) {
	t.Helper()
	if want != got {
		t.Fatalf(name+":\nwant %x\ngot  %x", append(details, want.bytes(), got.bytes())...)
	}
}

func newOperands(t *testing.T, x, y []byte) *operands {
	t.Helper()
	o := &operands{bigX: new(big.Int).SetBytes(x), bigY: new(big.Int).SetBytes(y)}
	o.x.setBytes(x)
	o.y.setBytes(y)
	o.bigX.Mod(o.bigX, prime)
	o.bigY.Mod(o.bigY, prime)
	requireElement(t, toElement(o.bigX), o.x, "setBytes")
	requireElement(t, toElement(o.bigY), o.y, "setBytes")
	var err error
	o.modulus, err = modulus()
	require.NoError(t, err)
	o.natX, err = bigmod.NewNat().SetBytes(o.x.bytes(), o.modulus)
	require.NoError(t, err)
	o.natY, err = bigmod.NewNat().SetBytes(o.y.bytes(), o.modulus)
	require.NoError(t, err)
	return o
}

// agree compares got, which is not in Montgomery form, with both oracles; nat is a result that natX may be left as.
func (o *operands) agree(t *testing.T, name string, got element, want *big.Int, nat *bigmod.Nat) {
	t.Helper()
	requireElement(t, toElement(new(big.Int).Mod(want, prime)), got, name)
	require.True(t, bytes.Equal(nat.Bytes(o.modulus), got.bytes()), name)
}

// natOfX is a copy of x that may be changed.
func (o *operands) natOfX(t *testing.T) *bigmod.Nat {
	t.Helper()
	n, err := bigmod.NewNat().SetBytes(o.x.bytes(), o.modulus)
	require.NoError(t, err)
	return n
}

func compareArithmetic(t *testing.T, x, y, e []byte) {
	t.Helper()
	o := newOperands(t, x, y)
	m := o.modulus
	var z element
	z.add(&o.x, &o.y)
	o.agree(t, "add", z, new(big.Int).Add(o.bigX, o.bigY), o.natOfX(t).Add(o.natY, m))
	z.sub(&o.x, &o.y)
	o.agree(t, "sub", z, new(big.Int).Sub(o.bigX, o.bigY), o.natOfX(t).Sub(o.natY, m))

	var mx, my, plain element
	mx.toMontgomery(&o.x)
	my.toMontgomery(&o.y)
	requireElement(t, toElement(new(big.Int).Mod(new(big.Int).Lsh(o.bigX, 3072), prime)), mx, "toMontgomery")
	plain.fromMontgomery(&mx)
	requireElement(t, o.x, plain, "fromMontgomery")

	product := new(big.Int).Mul(o.bigX, o.bigY)
	z.mul(&mx, &my)
	plain.fromMontgomery(&z)
	o.agree(t, "mul", plain, product, o.natOfX(t).Mul(o.natY, m))
	z.square(&mx)
	plain.fromMontgomery(&z)
	o.agree(t, "square", plain, new(big.Int).Mul(o.bigX, o.bigX), o.natOfX(t).Mul(o.natX, m))

	z = mx
	z.mul(&z, &my) // the result may replace an operand
	plain.fromMontgomery(&z)
	o.agree(t, "mul in place", plain, product, o.natOfX(t).Mul(o.natY, m))
	z = o.y
	z.sub(&o.x, &z)
	o.agree(t, "sub in place", z, new(big.Int).Sub(o.bigX, o.bigY), o.natOfX(t).Sub(o.natY, m))

	if len(e) > 0 {
		z.exp(&mx, e)
		plain.fromMontgomery(&z)
		o.agree(t, "exp", plain, new(big.Int).Exp(o.bigX, new(big.Int).SetBytes(e), prime), bigmod.NewNat().Exp(o.natX, e, m))
	}
	var exponent [secretSize]byte
	short := e[:min(len(e), secretSize)]
	copy(exponent[secretSize-len(short):], short)
	z.expG(&exponent)
	plain.fromMontgomery(&z)
	requireElement(t, toElement(new(big.Int).Exp(big.NewInt(2), new(big.Int).SetBytes(short), prime)), plain, "expG")
}

func compareMulAdd(t *testing.T, a, u, x []byte) {
	t.Helper()
	u = u[:min(len(u), secretSize)]
	number := func(b []byte) *big.Int { return new(big.Int).SetBytes(b) }
	want := number(u)
	want.Mul(want, number(x)).Add(want, number(a))
	got := mulAdd(a, u, x)
	require.Zero(t, want.Cmp(number(got)))
	require.Len(t, got, max(len(a), len(u)+len(x))+1, "the length depends on the lengths only")
}

// TestProductsBelowTheRadix: a product takes factors that are not below N, one at a time.
func TestProductsBelowTheRadix(t *testing.T) {
	t.Parallel()
	inverse := new(big.Int).ModInverse(radix, prime)
	below := new(big.Int).Sub(prime, big.NewInt(1))
	for _, b := range edges() {
		n := new(big.Int).SetBytes(b)
		if n.Cmp(radix) >= 0 {
			continue
		}
		x, y := toElement(n), toElement(below)
		want := new(big.Int).Mul(n, below)
		want.Mul(want, inverse).Mod(want, prime)
		var z element
		z.mul(&x, &y)
		require.Equal(t, toElement(want), z)
		z.fromMontgomery(&x)
		want.Mul(n, inverse).Mod(want, prime)
		require.Equal(t, toElement(want), z)
	}
}

func TestConstants(t *testing.T) {
	t.Parallel()
	form := func(n *big.Int) element {
		n = new(big.Int).Lsh(n, 3072)
		return toElement(n.Mod(n, prime))
	}
	assert.Equal(t, primeHex, hexOf(prime))
	assert.Equal(t, form(big.NewInt(1)), group().one)
	assert.Equal(t, form(big.NewInt(2)), group().two)
	assert.Equal(t, form(radix), group().rr)
	assert.Equal(t, form(newReferenceGroup().k), group().k)
	assert.Equal(t, ^uint64(0), groupN[0], "reduce relies on it")
}

// TestComb compares the table for g with math/big's powers, and expG for each single bit.
func TestComb(t *testing.T) {
	t.Parallel()
	two := big.NewInt(2)
	for j := range comb() {
		for d := range comb()[j] {
			exponent := new(big.Int)
			for tooth := range teeth {
				exponent.SetBit(exponent, 64*tooth+combColumns*j, uint(d)>>tooth&1)
			}
			var plain element
			plain.fromMontgomery(&comb()[j][d])
			requireElement(t, toElement(new(big.Int).Exp(two, exponent, prime)), plain, "table %d, entry %d", j, d)
		}
	}
	for bit := range 8 * secretSize {
		exponent := new(big.Int).SetBit(new(big.Int), bit, 1)
		var z element
		z.expG((*[secretSize]byte)(exponent.FillBytes(make([]byte, secretSize))))
		z.fromMontgomery(&z)
		requireElement(t, toElement(exponent.Exp(two, exponent, prime)), z, "bit %d", bit)
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	var table [16]element
	for i := range table {
		for j := range table[i] {
			table[i][j] = uint64(i+1) * 0x9e3779b97f4a7c15 << j
		}
	}
	for i := range table {
		z := table[15-i] // what was there does not matter
		z.choose(&table, uint64(i))
		require.Equal(t, table[i], z)
	}
}

func TestAddMul(t *testing.T) {
	t.Parallel()
	const full = ^uint64(0)
	number := func(words ...uint64) *big.Int { return new(big.Int).SetBytes(fromWords(words, 8*len(words))) }
	values := []uint64{0, 1, 1 << 63, full}
	for n := 0; n <= 8; n += 2 {
		for i := range 256 {
			y0, y1, c0, c1 := values[i&3], values[i>>2&3], values[i>>4&3], values[i>>6&3]
			x, z := make([]uint64, n), make([]uint64, n)
			for j := range x {
				x[j], z[j] = full, full
			}
			want := number(x...)
			want.Mul(want, number(y0, y1)).Add(want, number(z...)).Add(want, number(c0, c1))
			c0, c1 = addMul(z, x, y0, y1, c0, c1)
			require.Zero(t, want.Cmp(number(append(z, c0, c1)...)), "%d limbs, case %d", n, i)
		}
	}
}
