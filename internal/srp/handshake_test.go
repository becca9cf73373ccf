package srp

import (
	"encoding/base64"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	someone   = Identity{"Xyz12AbCd", "7d8ca528-4931-4254-9273-ea5ee853f271"}
	someBlock = []byte("the server's own note \xfb\xff")
)

const (
	somePassword  = "Correct-Horse 9"
	someTimestamp = "Tue Sep 3 21:05:09 UTC 2024"
)

// answer is what a client with the secret made of the arguments signs for s.
func answer(tb testing.TB, c *Client, s *Server, id Identity, password string, block []byte, timestamp string) string {
	tb.Helper()
	ch, err := ParseChallenge(s.Salt(), s.PublicKey(), base64.StdEncoding.EncodeToString(block))
	require.NoError(tb, err)
	signature, err := c.Sign(id, password, ch, timestamp)
	require.NoError(tb, err)
	return signature
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	attempts := 20
	if testing.Short() || raceEnabled {
		attempts = 10
	}
	for range attempts {
		id, password := Identity{"-FDRunwQv", "eu-west-2_627477ae"}, NewDevicePassword()
		v := NewVerifier(id, password)
		parsed, err := ParseVerifier(v.Salt, v.Value)
		require.NoError(t, err)
		require.Equal(t, v, parsed)
		s, c := NewServer(parsed), NewClient()
		require.NoError(t, CheckPublicKey(c.PublicKey()))
		signature := answer(t, c, s, id, password, someBlock, someTimestamp)
		require.NoError(t, s.Verify(id, c.PublicKey(), someBlock, someTimestamp, signature))
	}
}

func TestFreshSecrets(t *testing.T) {
	t.Parallel()
	v := NewVerifier(someone, somePassword)
	oneClient, twoClient := NewClient().PublicKey(), NewClient().PublicKey()
	assert.NotEqual(t, oneClient, twoClient)
	oneServer, twoServer := NewServer(v).PublicKey(), NewServer(v).PublicKey()
	assert.NotEqual(t, oneServer, twoServer)
	assert.NotEqual(t, v.Salt, NewVerifier(someone, somePassword).Salt)
	for range 64 { // the top bit of a salt is set in half of them
		v = NewVerifier(someone, somePassword)
		assert.Zero(t, v.Salt[0]&0x80)
		assert.Zero(t, v.Value[0]&0x80)
		assert.GreaterOrEqual(t, len(v.Salt), saltSize-3)
		assert.LessOrEqual(t, len(v.Salt), saltSize+1)
	}

	c, s := NewClient(), NewServer(v)
	require.Len(t, c.secret, secretSize)
	require.Len(t, s.secret, secretSize)
	public := plainPowerOfG(c.secret)
	assert.Equal(t, plainHex(public), c.PublicKey())
	assert.Equal(t, serverWith(v, s.secret).PublicKey(), s.PublicKey())

	password := NewDevicePassword()
	assert.Len(t, unbase64(t, password), 40)
	assert.NotEqual(t, password, NewDevicePassword())
}

func TestVerifyRefusesAnotherProof(t *testing.T) {
	t.Parallel()
	v := NewVerifier(someone, somePassword)
	s, c := NewServer(v), NewClient()
	good := answer(t, c, s, someone, somePassword, someBlock, someTimestamp)
	require.NoError(t, s.Verify(someone, c.PublicKey(), someBlock, someTimestamp, good))

	otherUser := Identity{someone.Namespace, "somebody else"}
	otherPool := Identity{"Xyz12AbCe", someone.Name}
	for name, signature := range map[string]string{
		"password":     answer(t, c, s, someone, "correct-Horse 9", someBlock, someTimestamp),
		"no password":  answer(t, c, s, someone, "", someBlock, someTimestamp),
		"user":         answer(t, c, s, otherUser, somePassword, someBlock, someTimestamp),
		"pool":         answer(t, c, s, otherPool, somePassword, someBlock, someTimestamp),
		"secret block": answer(t, c, s, someone, somePassword, []byte("another"), someTimestamp),
		"timestamp":    answer(t, c, s, someone, somePassword, someBlock, "Tue Sep 3 21:05:10 UTC 2024"),
		"other client": answer(t, NewClient(), s, someone, somePassword, someBlock, someTimestamp),
		"other server": answer(t, c, NewServer(v), someone, somePassword, someBlock, someTimestamp),
		"first half":   base64.StdEncoding.EncodeToString(unbase64(t, good)[:16]),
		"longer":       base64.StdEncoding.EncodeToString(append(unbase64(t, good), 0)),
		"last bit":     base64.StdEncoding.EncodeToString(flipLast(unbase64(t, good))),
	} {
		err := s.Verify(someone, c.PublicKey(), someBlock, someTimestamp, signature)
		require.ErrorIs(t, err, ErrProof, name)
	}
	// The same on the server's side: the server gets a different value.
	for name, err := range map[string]error{
		"user":         s.Verify(otherUser, c.PublicKey(), someBlock, someTimestamp, good),
		"pool":         s.Verify(otherPool, c.PublicKey(), someBlock, someTimestamp, good),
		"A":            s.Verify(someone, NewClient().PublicKey(), someBlock, someTimestamp, good),
		"secret block": s.Verify(someone, c.PublicKey(), nil, someTimestamp, good),
		"timestamp":    s.Verify(someone, c.PublicKey(), someBlock, "", good),
		"verifier":     NewServer(NewVerifier(someone, somePassword)).Verify(someone, c.PublicKey(), someBlock, someTimestamp, good),
	} {
		require.ErrorIs(t, err, ErrProof, name)
	}
	require.NoError(t, s.Verify(someone, c.PublicKey(), someBlock, someTimestamp, good), "a failure changes nothing")
}

func flipLast(b []byte) []byte {
	b[len(b)-1] ^= 1
	return b
}

func hexOf(n *big.Int) string { return n.Text(16) }

// multiplesOfPrime are the values of A and B that are 0 modulo N, up to the largest of maxPublicHex
// digits.
func multiplesOfPrime() map[string]string {
	times := func(n *big.Int) string { return hexOf(new(big.Int).Mul(prime, n)) }
	largest := new(big.Int).Lsh(big.NewInt(1), 4*maxPublicHex)
	largest.Sub(largest, big.NewInt(1)).Div(largest, prime)
	return map[string]string{
		"0":             "0",
		"00":            "00",
		"many zeros":    strings.Repeat("0", maxPublicHex),
		"N":             hexOf(prime),
		"N in capitals": strings.ToUpper(hexOf(prime)),
		"0N":            "0" + hexOf(prime),
		"2N":            times(big.NewInt(2)),
		"3N":            times(big.NewInt(3)),
		"2^64 N":        times(new(big.Int).Lsh(big.NewInt(1), 64)),
		"k N":           times(new(big.Int).SetBytes(unhexPlain(plainHex(group().k)))),
		"the largest":   times(largest),
	}
}

func unhexPlain(text string) []byte {
	n, ok := new(big.Int).SetString(text, 16)
	if !ok {
		panic(text)
	}
	return n.Bytes()
}

func TestZeroModuloPrimeIsRefused(t *testing.T) {
	t.Parallel()
	s := NewServer(NewVerifier(someone, somePassword))
	for name, value := range multiplesOfPrime() {
		_, err := ParseChallenge("1", value, "AAAA")
		require.ErrorIs(t, err, ErrIllegalParameter, name)
		require.ErrorContains(t, err, "SRP_B", name)
		require.ErrorIs(t, CheckPublicKey(value), ErrIllegalParameter, name)
		err = s.Verify(someone, value, someBlock, someTimestamp, "AAAA")
		require.ErrorIs(t, err, ErrIllegalParameter, name)
		require.ErrorContains(t, err, "SRP_A", name)
	}
	nonzero := []string{hexOf(new(big.Int).Sub(prime, big.NewInt(1))), hexOf(new(big.Int).Add(prime, big.NewInt(1)))}
	for limb := range size / 8 {
		nonzero = append(nonzero, hexOf(new(big.Int).Lsh(big.NewInt(1), uint(64*limb))))
	}
	for _, near := range nonzero {
		require.NoError(t, CheckPublicKey(near))
		_, err := ParseChallenge("1", near, "AAAA")
		require.NoError(t, err)
	}
	_, err := nonZero([32]byte{})
	require.ErrorIs(t, err, ErrIllegalParameter)
	u, err := nonZero([32]byte{31: 1})
	require.NoError(t, err)
	assert.Equal(t, "1", toHex(u))
}

// TestPublicKeyAboveThePrime requires that the received number is hashed and its residue is used in
// the arithmetic.
func TestPublicKeyAboveThePrime(t *testing.T) {
	t.Parallel()
	v := NewVerifier(someone, somePassword)
	s, c := NewServer(v), NewClient()
	a, _ := new(big.Int).SetString(c.PublicKey(), 16)
	above := a.Add(a, prime)
	c.public = pad(above.Bytes()) // a client that hashes A+N
	signature := answer(t, c, s, someone, somePassword, someBlock, someTimestamp)
	require.NoError(t, s.Verify(someone, hexOf(above), someBlock, someTimestamp, signature))

	c = NewClient()
	b, _ := new(big.Int).SetString(s.PublicKey(), 16)
	above = b.Add(b, new(big.Int).Lsh(prime, 600))
	s.public = pad(above.Bytes())
	signature = answer(t, c, s, someone, somePassword, someBlock, someTimestamp)
	require.NoError(t, s.Verify(someone, c.PublicKey(), someBlock, someTimestamp, signature))
}

func TestMalformed(t *testing.T) {
	t.Parallel()
	fields := []string{"SALT", "SRP_B", "SECRET_BLOCK"}
	require.Equal(t, []int{1024, 512, 32768, 128}, []int{maxPublicHex, maxSaltHex, maxSecretBlock, maxSignature})
	good := []string{"0abc", hexOf(big.NewInt(77)), "AAAA"}
	digits := func(n int) string { return strings.Repeat("1", n) }
	for _, test := range []struct {
		field int
		value string
		ok    bool
	}{
		{0, "", false},
		{0, "0x1", false},
		{0, "-1", false},
		{0, " 1", false},
		{0, "1_0", false},
		{0, "g", false},
		{0, "1g", false},
		{0, "é", false},
		{0, "0", true},
		{0, "F", true},
		{0, digits(maxSaltHex), true},
		{0, digits(maxSaltHex + 1), false},
		{0, digits(1 << 24), false},
		{1, "", false},
		{1, "+1", false},
		{1, "1\n", false},
		{1, digits(maxPublicHex), true},
		{1, digits(maxPublicHex - 1), true},
		{1, digits(maxPublicHex + 1), false},
		{1, digits(1 << 24), false},
		{2, "", false},
		{2, "A", false},
		{2, "AAA", false},
		{2, "AA==", true},
		{2, "+/+/", true},
		{2, "-_-_", false},
		{2, digits(maxSecretBlock), true},
		{2, digits(maxSecretBlock + 4), false},
		{2, digits(1 << 24), false},
	} {
		values := append([]string{}, good...)
		values[test.field] = test.value
		ch, err := ParseChallenge(values[0], values[1], values[2])
		shown := test.value[:min(len(test.value), 20)]
		if test.ok {
			require.NoError(t, err, "%s %q", fields[test.field], shown)
			continue
		}
		assert.Nil(t, ch)
		require.ErrorIs(t, err, ErrMalformed, "%s %q", fields[test.field], shown)
		assert.True(t, strings.HasPrefix(err.Error(), fields[test.field]+": "), err.Error())
		assert.Less(t, len(err.Error()), 120)
		if test.field == 1 {
			err = CheckPublicKey(test.value)
			require.ErrorIs(t, err, ErrMalformed)
			require.ErrorContains(t, err, "SRP_A")
		}
	}

	s := NewServer(NewVerifier(someone, somePassword))
	for _, signature := range []string{"", "A", "!!!!", digits(maxSignature + 4), digits(1 << 24)} {
		err := s.Verify(someone, "2", someBlock, someTimestamp, signature)
		require.ErrorIs(t, err, ErrMalformed)
		require.ErrorContains(t, err, "PASSWORD_CLAIM_SIGNATURE")
	}
	require.ErrorIs(t, s.Verify(someone, "2", someBlock, someTimestamp, digits(maxSignature)), ErrProof)
	require.ErrorIs(t, s.Verify(someone, digits(maxPublicHex), someBlock, someTimestamp, "AAAA"), ErrProof)
	for _, a := range []string{"", "zz", digits(maxPublicHex + 1)} {
		err := s.Verify(someone, a, someBlock, someTimestamp, "AAAA")
		require.ErrorIs(t, err, ErrMalformed)
		assert.ErrorContains(t, err, "SRP_A")
	}
}

func TestParseVerifier(t *testing.T) {
	t.Parallel()
	full := func(n int, first byte) []byte { return append([]byte{first}, make([]byte, n-1)...) }
	one, n := []byte{1}, append([]byte{0}, prime.Bytes()...)
	above := append([]byte{0}, new(big.Int).Add(prime, big.NewInt(1)).Bytes()...)
	for _, test := range []struct {
		name        string
		salt, value []byte
		want        error
		field       string
	}{
		{"smallest", one, one, nil, ""},
		{"salt of 0", []byte{0}, one, nil, ""},
		{"longest", full(maxSaltHex/2, 0x7f), append([]byte{0}, full(size, 0x80)...), nil, ""},
		{"above N", one, above, nil, ""},
		{"no salt", nil, one, ErrMalformed, "salt"},
		{"no value", one, []byte{}, ErrMalformed, "password verifier"},
		{"negative salt", []byte{0x80}, one, ErrMalformed, "salt"},
		{"negative value", one, []byte{0xff, 1}, ErrMalformed, "password verifier"},
		{"long salt", full(maxSaltHex/2+1, 1), one, ErrMalformed, "salt"},
		{"long value", one, full(size+2, 0), ErrMalformed, "password verifier"},
		{"huge value", one, full(1<<24, 0), ErrMalformed, "password verifier"},
		{"0", one, []byte{0}, ErrIllegalParameter, "password verifier"},
		{"N", one, n, ErrIllegalParameter, "password verifier"},
	} {
		v, err := ParseVerifier(test.salt, test.value)
		if test.want != nil {
			require.ErrorIs(t, err, test.want, test.name)
			assert.True(t, strings.HasPrefix(err.Error(), test.field+": "), err.Error())
			assert.Zero(t, v)
			continue
		}
		require.NoError(t, err, test.name)
		assert.Equal(t, Verifier{pad(test.salt), pad(test.value)}, v, test.name)
		s, c := NewServer(v), NewClient()
		_, err = c.Sign(someone, "", mustChallenge(t, s), someTimestamp)
		require.NoError(t, err)
	}
	// Redundant leading zeros do not change a number.
	v, err := ParseVerifier([]byte{0, 0, 5}, []byte{0, 0, 0x90})
	require.NoError(t, err)
	assert.Equal(t, Verifier{Salt: []byte{5}, Value: []byte{0, 0x90}}, v)
}

func mustChallenge(t *testing.T, s *Server) *Challenge {
	t.Helper()
	ch, err := ParseChallenge(s.Salt(), s.PublicKey(), "AAAA")
	require.NoError(t, err)
	return ch
}
