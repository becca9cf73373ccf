//go:build interop

package interop

import (
	"encoding/json"
	"os"
	"os/exec"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
)

// Tokens that another library has signed, jose, verify or do not, as ours.
func TestTokensOfJose(t *testing.T) {
	const (
		poolID = "eu-west-1_aBcDeFgHi"
		issuer = "https://cognito-idp.eu-west-1.amazonaws.com/" + poolID
	)
	pool, err := json.Marshal(coordinates{PoolID: poolID, ClientID: public().ID, Issuer: issuer, Email: email})
	require.NoError(t, err)
	node := exec.CommandContext(t.Context(), "node", "jose.mjs")
	node.Dir, node.Stderr = scripts, os.Stderr
	node.Env = append(os.Environ(), "NODE_NO_WARNINGS=1", "POOL="+string(pool))
	out, err := node.Output()
	require.NoError(t, err)
	var signed struct {
		Keys   json.RawMessage   `json:"keys"`
		Tokens map[string]string `json:"tokens"`
	}
	require.NoError(t, json.Unmarshal(out, &signed))

	v, err := cognito.NewVerifier(poolID, []string{public().ID}, cognito.WithJWKS(signed.Keys), cognito.WithGroups("schließt-ein"))
	require.NoError(t, err)
	id, err := v.VerifyIDToken(t.Context(), signed.Tokens["id"])
	require.NoError(t, err)
	assert.Equal(t, `zoë "z" 😀`, id.Username)
	assert.Equal(t, email, id.Email)
	assert.True(t, id.EmailVerified)
	_, err = v.VerifyIDToken(t.Context(), signed.Tokens["idForTwo"])
	require.ErrorIs(t, err, cognito.ErrTokenClient)
	for name, want := range map[string]error{
		"access": nil, "typed": nil, "audience": nil, "notBefore": jwt.ErrTokenNotValidYet, "expired": jwt.ErrTokenExpired,
		"otherKey": jwt.ErrTokenSignatureInvalid, "changed": jwt.ErrTokenSignatureInvalid, "id": cognito.ErrTokenUse,
	} {
		require.NotEmpty(t, signed.Tokens[name])
		claims, err := v.VerifyAccessToken(t.Context(), signed.Tokens[name])
		if want != nil {
			require.ErrorIs(t, err, want, name)
			continue
		}
		require.NoError(t, err, name)
		assert.Equal(t, `zoë "z" 😀`, claims.Username)
	}
}
