package srp

import (
	"crypto/rand"
	"math/big"
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
	radix := new(big.Int).Lsh(big.NewInt(1), 3072)
	chunk := new(big.Int).Lsh(big.NewInt(1), 8*chunkSize)
	double := new(big.Int).Lsh(prime, 1)
	return [][]byte{
		{},
		{0, 0, 0},
		{1},
		{2},
		near(prime, -1), prime.Bytes(), near(prime, 1), near(radix, -1), near(radix, 0), random,
		near(chunk, -1), near(chunk, 0), near(double, -1), near(double, 0), new(big.Int).Mul(prime, prime).Bytes(),
		near(new(big.Int).Mul(radix, radix), -1), new(big.Int).Rsh(radix, 1).Bytes(), near(new(big.Int).Rsh(radix, 64), -1),
	}
}

// TestArithmetic compares the edges with each other.
func TestArithmetic(t *testing.T) {
	t.Parallel()
	for i, x := range edges() {
		for j, y := range edges() {
			if testing.Short() && (i+j)%4 != 0 {
				continue
			}
			compareArithmetic(t, x, y, []byte{0xf0, 0x01})
		}
	}
}

// FuzzArithmetic compares every operation with math/big.
func FuzzArithmetic(f *testing.F) {
	all := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1)).Bytes()
	f.Add([]byte{3}, []byte{5}, all)
	f.Add(prime.Bytes(), all, []byte{})
	for i, x := range edges() {
		f.Add(x, edges()[(i+3)%len(edges())], []byte{0xf0, byte(i)})
	}
	f.Fuzz(func(t *testing.T, x, y, e []byte) {
		compareArithmetic(t, x[:min(len(x), 2*size)], y[:min(len(y), 2*size)], e[:min(len(e), secretSize)])
	})
}

func compareArithmetic(t *testing.T, x, y, e []byte) {
	t.Helper()
	bigX, bigY, bigE := new(big.Int).SetBytes(x), new(big.Int).SetBytes(y), new(big.Int).SetBytes(e)
	agree := func(name string, want *big.Int, got *bigmod.Nat) {
		t.Helper()
		if want = new(big.Int).Mod(want, prime); want.Cmp(toBig(got)) != 0 {
			t.Fatalf("%s:\nx %x\ny %x\ne %x\nwant %x\ngot  %x", name, x, y, e, want, toBig(got))
		}
	}
	modX, modY, n := residue(x), residue(y), group().n
	agree("residue of x", bigX, modX)
	agree("residue of y", bigY, modY)
	agree("sub", new(big.Int).Sub(bigX, bigY), sub(modX, modY))
	agree("add", new(big.Int).Add(bigX, bigY), residue(x).Add(modY, n))
	agree("mul", new(big.Int).Mul(bigX, bigY), residue(x).Mul(modY, n))
	square := residue(x)
	agree("square in place", new(big.Int).Mul(bigX, bigX), square.Mul(square, n))
	if len(e) > 0 {
		agree("exp", new(big.Int).Exp(bigX, bigE, prime), exp(modX, e))
	}
	agree("x is unchanged", bigX, modX)
	agree("y is unchanged", bigY, modY)
	power := powerOfG((*[secretSize]byte)(bigE.FillBytes(make([]byte, secretSize))))
	agree("powerOfG", new(big.Int).Exp(big.NewInt(2), bigE, prime), power)

	a, u := x, y[:min(len(y), secretSize)]
	want := new(big.Int).SetBytes(u)
	want.Mul(want, bigE).Add(want, new(big.Int).SetBytes(a))
	got := mulAdd(a, u, e)
	require.Zero(t, want.Cmp(new(big.Int).SetBytes(got)), "mulAdd")
	require.Len(t, got, max(len(a), len(u)+len(e))+1, "the length depends on the lengths only")
}

func TestConstants(t *testing.T) {
	t.Parallel()
	assert.Equal(t, referencePrime().Bytes(), group().n.Nat().Bytes(group().n))
	assert.Zero(t, newReferenceGroup().k.Cmp(toBig(group().k)))
	assert.Less(t, 8*chunkSize, prime.BitLen()-1, "residue relies on it")
}

// TestGeneratorTable compares each entry with math/big's power, and powerOfG for each single bit.
func TestGeneratorTable(t *testing.T) {
	t.Parallel()
	two := big.NewInt(2)
	for i := range generatorTable() {
		for d := range generatorTable()[i] {
			exponent := new(big.Int).Lsh(big.NewInt(int64(d)), uint(8*i))
			want := new(big.Int).Exp(two, exponent, prime)
			got := new(big.Int).SetBytes(generatorTable()[i][d][:])
			require.Zero(t, want.Cmp(got), "row %d, entry %d", i, d)
		}
	}
	for bit := range 8 * secretSize {
		exponent := new(big.Int).Lsh(big.NewInt(1), uint(bit))
		got := powerOfG((*[secretSize]byte)(exponent.FillBytes(make([]byte, secretSize))))
		require.Zero(t, exponent.Exp(two, exponent, prime).Cmp(toBig(got)), "bit %d", bit)
	}
}

// TestMultiplyByEntry requires that each digit selects its own entry.
func TestMultiplyByEntry(t *testing.T) {
	t.Parallel()
	var r row
	for i := range r {
		_, _ = rand.Read(r[i][1:]) // below N
	}
	for i := range r {
		z := nat(big.NewInt(1))
		multiplyByEntry(z, &r, byte(i))
		require.Equal(t, r[i][:], z.Bytes(group().n))
	}
}
