package cognitotest_test

import (
	"context"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// What a server knew, the one that begins with its snapshot knows, too.
func TestSnapshot(t *testing.T) {
	t.Parallel()
	start := time.Now()
	clock := func() time.Time { return start }
	client := everyFlow()
	client.Secret = secret
	calls := 0
	cfg := cognitotest.Config{
		Clients: []cognitotest.Client{client}, AliasAttributes: []string{"email"}, FirstFactors: []string{"PASSWORD", "WEB_AUTHN"},
		WebAuthn: cognitotest.WebAuthn{RelyingPartyID: "localhost"}, Devices: &cognitotest.DeviceConfiguration{ChallengeRequiredOnNewDevice: true},
		Now: clock, Triggers: cognitotest.Triggers{PostAuthentication: func(*cognitotest.TriggerEvent) error { calls++; return nil }},
	}
	f, ctx := newFixture(t, cfg), t.Context()
	f.AddUser(cognitotest.User{Username: "bob", Password: password, Groups: []string{"readers"}, TOTPSecret: "GEZDGNBVGY3TQOJQ"})
	f.must("CreateResourceServer", members{"Identifier": "api", "Name": "API", "Scopes": []members{{"ScopeName": "read", "ScopeDescription": "reads"}}})
	f.must("CreateIdentityProvider", members{"ProviderName": "idp", "ProviderType": "OIDC", "ProviderDetails": members{"client_id": "x"}})
	f.must("CreateUserPoolDomain", members{"Domain": "mine"})
	other := f.created(members{"PoolName": "other", "Schema": []members{{"Name": "team", "AttributeDataType": "String"}}})
	f.must("AdminCreateUser", members{"UserPoolId": other, "Username": "eve", "UserAttributes": attributes("custom:team", "a")})
	ana := f.Client(t, cognito.WithDeviceTracking("test")).ForUser("ana@example.com")
	require.NoError(t, ana.Authenticate(ctx, password))
	key := cognitotest.NewPasskey()
	options, err := ana.StartWebAuthnRegistration(ctx)
	require.NoError(t, err)
	credential, err := key.Create(string(options))
	require.NoError(t, err)
	require.NoError(t, ana.CompleteWebAuthnRegistration(ctx, []byte(credential)))
	f.RotateKeys()

	snapshot, err := f.Snapshot()
	require.NoError(t, err)
	assert.NotContains(t, string(snapshot), password)
	before := map[string]members{f.UserPoolID: f.described(f.UserPoolID), other: f.described(other)}
	srv := cognitotest.NewServer(cognitotest.Config{Snapshot: snapshot, Now: clock, Triggers: cfg.Triggers})
	t.Cleanup(srv.Close)
	g := &fixture{Server: srv, t: t}
	again, err := g.Snapshot()
	require.NoError(t, err)
	assert.JSONEq(t, string(snapshot), string(again), "nothing is lost")
	assert.Equal(t, []string{f.UserPoolID, f.ClientID, f.ClientSecret}, []string{g.UserPoolID, g.ClientID, g.ClientSecret})
	for id, want := range before {
		assert.Equal(t, want, g.described(id))
	}

	// The tokens of before are good, and so are device, passkey, second factor and password.
	device, ok := ana.Device()
	require.True(t, ok)
	back := g.Client(t, cognito.WithTokens(ana.Tokens()), cognito.WithDevice(device))
	_, err = back.GetUser(ctx)
	require.NoError(t, err)
	require.NoError(t, back.RenewAccessToken(ctx))
	calls = 0
	require.NoError(t, back.ForUser("ana", cognito.WithDevice(device)).Authenticate(ctx, password), "with the proof of the device")
	assert.Equal(t, 1, calls, "the trigger is the new Config's")
	byKey := g.Client(t).ForUser("ana", cognito.WithChallengeHandler(func(_ context.Context, ch cognito.Challenge) (cognito.Answer, error) {
		answer, err := key.Get(ch.Parameters["CREDENTIAL_REQUEST_OPTIONS"])
		return cognito.Answer{"CREDENTIAL": answer}, err
	}))
	require.NoError(t, byKey.AuthenticateChoice(ctx, cognito.FirstFactor{Preferred: types.ChallengeNameTypeWebAuthn}))
	bob := g.Client(t).ForUser("bob", cognito.WithChallengeHandler(func(context.Context, cognito.Challenge) (cognito.Answer, error) {
		return cognito.Answer{"SOFTWARE_TOKEN_MFA_CODE": g.TOTP("bob")}, nil
	}))
	require.NoError(t, bob.Authenticate(ctx, password))
	assert.Equal(t, []string{"readers"}, bob.AccessClaims().Groups)

	g.AddUser(cognitotest.User{Username: "new"})
	assert.Len(t, g.must("ListUsers", members{})["Users"], 3)
	assert.NotEmpty(t, g.created(members{}))
}

func TestSnapshotsThatAreNone(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	good, err := f.Snapshot()
	require.NoError(t, err)
	change := func(do func(members)) cognitotest.Snapshot {
		var m members
		require.NoError(t, json.Unmarshal(good, &m))
		do(m)
		out, err := json.Marshal(m)
		require.NoError(t, err)
		return out
	}
	pool := func(m members) members { return m["Pools"].([]any)[0].(members) }
	for name, snapshot := range map[string]cognitotest.Snapshot{
		"no JSON":         cognitotest.Snapshot("x"),
		"nothing":         cognitotest.Snapshot("{}"),
		"another version": change(func(m members) { m["Version"] = 2 }),
		"no secret":       change(func(m members) { delete(m, "Secret") }),
		"no ID":           change(func(m members) { pool(m)["ID"] = "x" }),
		"no settings":     change(func(m members) { delete(pool(m), "Settings") }),
		"no key":          change(func(m members) { delete(pool(m), "IDKey") }),
		"a bad key":       change(func(m members) { pool(m)["AccessKey"].(members)["PKCS8"] = "AAAA" }),
	} {
		assert.Panics(t, func() { cognitotest.NewServer(cognitotest.Config{Snapshot: snapshot}) }, name)
	}
}

// notSaved are the fields that a snapshot has not, and why.
var notSaved = map[string]string{
	"pool.service": "the server's", "pool.cfg": "made of the settings", "pool.directory": "made of the users", "pool.apps": "with the clients",
	"pool.proofs": "of challenges under way", "pool.sessions": "the same", "pool.lockouts": "short-lived", "pool.attempts": "short-lived",
	"pool.oauth": "of sign-ins under way, and of browsers", "user.events": "a history", "user.ceremony": "of a registration under way", "family.metadata": "of a request", "keyring.seed": "names new keys",
	"keyring.taken": "counts the keys of the process",
}

// A field of what a pool keeps is in snapshots, or it is said here why not.
func TestSnapshotsHaveEveryField(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("snapshot.go")
	require.NoError(t, err)
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	kept := []string{"pool", "user", "device", "passkey", "family", "refreshable", "code", "softwareToken", "group", "provider", "app", "keyring"}
	found := 0
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || strings.HasSuffix(name, "_test.go") {
				return true
			}
			fields, ok := spec.Type.(*ast.StructType)
			for _, want := range kept {
				if !ok || spec.Name.Name != want {
					continue
				}
				found++
				for _, field := range fields.Fields.List {
					for _, id := range field.Names {
						if _, excused := notSaved[want+"."+id.Name]; !excused {
							saved := strings.Contains(string(source), "."+id.Name)
							assert.True(t, saved, "%s.%s", want, id.Name) // the whole source would be printed by assert.Contains
						}
					}
				}
			}
			return true
		})
	}
	assert.Equal(t, len(kept), found)
}
