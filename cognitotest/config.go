package cognitotest

import (
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Config describes the pool. The zero Config is a plain pool with one public app client.
type Config struct {
	// UserPoolID is the pool's ID, "<region>_<letters and digits>". If empty, it is "us-east-1_Test00001".
	UserPoolID string
	// Clients are the app clients; the first is the one that [Server.ClientID] names. If empty, there is one
	// without a secret.
	Clients []Client
	// UsernameAttributes ("email", "phone_number") make users sign up and in with that attribute; their username
	// is then their sub.
	UsernameAttributes []string
	// AliasAttributes ("email", "phone_number", "preferred_username") let users sign in with that attribute, too,
	// once it is verified.
	AliasAttributes []string
	// CaseInsensitive compares usernames and aliases without regard to case.
	CaseInsensitive bool
	// AutoVerifiedAttributes ("email", "phone_number") are what a sign-up code is sent to; of both, the phone
	// number. If nil, it is "email"; an empty slice sends none.
	AutoVerifiedAttributes []string
	// RequiredAttributes must be given at sign-up.
	RequiredAttributes []string
	// CustomAttributes are those that the pool has beyond the standard ones. If nil, it takes every "custom:" name;
	// an empty slice has none.
	CustomAttributes []CustomAttribute
	// AttributesRequireVerificationBeforeUpdate ("email", "phone_number") keep their old value until the new one is
	// verified. They must be among AutoVerifiedAttributes.
	AttributesRequireVerificationBeforeUpdate []string
	// SelfSignUpDisabled leaves it to administrators to create users.
	SelfSignUpDisabled bool
	// Groups are the pool's groups.
	Groups []Group
	// ResourceServers are the APIs whose scopes app clients may have.
	ResourceServers []ResourceServer
	// PasswordPolicy is what passwords must have. If nil, it is the service's default.
	PasswordPolicy *PasswordPolicy
	// MFA is whether users are asked for a second factor: "OFF", "OPTIONAL", those who have set one up, or "ON", all.
	// If empty, it is "OPTIONAL", so that the zero Config asks exactly those users who have one.
	MFA string
	// MFAFactors are the second factors of the pool: "SMS_MFA", "SOFTWARE_TOKEN_MFA", "EMAIL_OTP". If nil, all.
	MFAFactors []string
	// FirstFactors are what USER_AUTH may begin with: "PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN". If nil, it
	// is "PASSWORD".
	FirstFactors []string
	// WebAuthn describes passkeys, which are on where FirstFactors has "WEB_AUTHN".
	WebAuthn WebAuthn
	// Devices turns the tracking of devices on; nil leaves it off.
	Devices *DeviceConfiguration
	// Triggers stand in for the pool's Lambda functions.
	Triggers Triggers
	// TriggerURLs are triggers in other languages, by their names in the service's LambdaConfig: "PreSignUp",
	// "VerifyAuthChallengeResponse" and so on. The URL gets the event of a Lambda function as JSON by POST and answers with
	// the event and its response, or with {"errorMessage": "…"}, as the Lambda runtime interface emulator does. Another status
	// than 2xx is an error, too, with the body as its text. The answer may have 1 MiB. Unlike a function in [Triggers] it may
	// call the service meanwhile, by signed operations other than AdminInitiateAuth and AdminRespondToAuthChallenge.
	// PreTokenGeneration is told version 2 of its event.
	TriggerURLs map[string]string
	// TriggerTimeout is how long a trigger at a URL may take, in real time. If zero, it is 5 seconds, as with the service.
	TriggerTimeout time.Duration
	// Tier is the pool's feature plan: "LITE", "ESSENTIALS" or "PLUS", which has threat protection. A pool of LITE rejects
	// authentication levels, and one without PLUS the history of sign-ins. Tier also bounds what calls that change the pool
	// may turn on, but not this Config. If empty, it is "PLUS".
	Tier string
	// MaxSessions is how many sessions a user may have: a sign-in beyond it ends the one that was used least recently. The
	// service allows 20 where it tracks sessions. If zero, it tracks none, and there is no limit.
	MaxSessions int
	// ACRNames are the names of the authentication levels 1 to 4. If one is empty, it is "urn:cognito:loa:" and its number.
	ACRNames [4]string
	// PasswordHistorySize is how many of a user's last passwords, the present one included, cannot be chosen again.
	PasswordHistorySize int
	// TemporaryPasswordValidity is how long a password from an administrator can be used. If zero, it is 7 days.
	TemporaryPasswordValidity time.Duration
	// Snapshot is the output of [Server.Snapshot]: the server begins with its pools. Then this Config only says how they are
	// served: Triggers, Issuer, Now, Addr, InMemory and OnMessage; the rest is that of the snapshot. If nil, it is this Config.
	Snapshot Snapshot
	// Issuer is what tokens name as their issuer. If empty, it is [Server.URL] + "/" + pool ID.
	Issuer string
	// Now is the clock that [Server.Advance] adds to. If nil, it is [time.Now].
	Now func() time.Time
	// Addr is the address to listen on, such as "127.0.0.1:9229". If empty, it is a free port of the loopback
	// interface. The pool has no protection against its users: an address that others can reach is theirs, too.
	Addr string
	// InMemory serves the pool on no port, but to clients of the same process: [Server.Client], [Server.Options] and
	// [Server.HTTPClient]. A pool in a testing/synctest bubble needs that, since waiting for a network connection does not
	// let the bubble's time pass.
	InMemory bool
	// OnMessage is told of each message that is delivered, after the request that caused it was carried out and
	// before it is answered. It may call the server, and may be called from several goroutines. If nil, messages
	// are in [Server.Messages] only.
	OnMessage func(Message)
}

// Client is an app client of the pool. Printed or logged it shows no secret.
type Client struct {
	// ID is the client's ID; if empty, a random one.
	ID string
	// Name is what people call it; if empty, the ID.
	Name string
	// Secret is the client's secret; "" for a public client. OtherSecret is a second one, as there is while one
	// replaces the other; "" for none.
	Secret, OtherSecret string
	// ExplicitAuthFlows are the flows that it allows: "ALLOW_USER_SRP_AUTH" and so on. If nil, they are the
	// service's default: SRP, custom and refresh.
	ExplicitAuthFlows []string
	// PreventUserExistenceErrors hides which users exist, as the service's setting ENABLED does.
	PreventUserExistenceErrors bool
	// AccessTokenValidity, IDTokenValidity and RefreshTokenValidity are the tokens' lifetimes. If zero, they are
	// an hour, an hour and 30 days.
	AccessTokenValidity, IDTokenValidity, RefreshTokenValidity time.Duration
	// AuthSessionValidity is how long a challenge can be answered. If zero, it is 3 minutes.
	AuthSessionValidity time.Duration
	// DisableTokenRevocation leaves out the claims by which single sessions are revoked.
	DisableTokenRevocation bool
	// RefreshTokenRotation makes each refresh bring a new refresh token; the old one stays good for
	// RefreshTokenGracePeriod.
	RefreshTokenRotation    bool
	RefreshTokenGracePeriod time.Duration
	// ReadAttributes are what ID tokens and GetUser show. If nil, they are all.
	ReadAttributes []string
	// WriteAttributes are what users may write. If nil, they are all, "custom:" ones included. No user may write the
	// sub or email_verified and phone_number_verified.
	WriteAttributes []string
	// AllowedOAuthFlows are what the authorization server, at [Server.URL], takes from the client: "code",
	// "implicit", or "client_credentials" alone. If nil, it takes nothing. GetClientToken does not go by it, but by
	// "ALLOW_CLIENT_TOKEN_AUTH" in ExplicitAuthFlows.
	AllowedOAuthFlows []string
	// AllowedOAuthScopes are the scopes that it may have: "openid", "email", "phone", "profile",
	// "aws.cognito.signin.user.admin" and those of resource servers. If nil, they are all that fit its flows.
	AllowedOAuthScopes []string
	// CallbackURLs are the redirect URIs, and LogoutURLs the sign-out URLs, that a browser may be sent to. They are
	// compared exactly.
	CallbackURLs, LogoutURLs []string

	secrets []clientSecret // Secret, and while that is rotated out another one
}

// User is a user to add. Printed or logged it shows no password.
type User struct {
	// Username is the name, or, in a pool with UsernameAttributes, the e-mail address or phone number.
	Username string
	// Password is the password; if empty, the user has none, and can sign in by other means only.
	Password string
	// Sub is the user's unchangeable ID; if empty, a random one.
	Sub string
	// Attributes are the user's attributes, as text; "email_verified": "true" makes an alias usable.
	Attributes map[string]string
	// Groups are the names of the user's groups; those that the pool has not get created.
	Groups []string
	// Status is CONFIRMED if empty; else UNCONFIRMED, FORCE_CHANGE_PASSWORD or RESET_REQUIRED.
	Status string
	// Disabled users cannot sign in.
	Disabled bool
	// MFA are the second factors that the user has enabled: "SMS_MFA", "SOFTWARE_TOKEN_MFA", "EMAIL_OTP". If nil,
	// it is the software token where there is a TOTPSecret, else none.
	MFA []string
	// PreferredMFA is the one of them that the user is asked for; if empty, the user chooses.
	PreferredMFA string
	// TOTPSecret is the secret of the user's software token, in base32. If empty, it is a random one where MFA
	// has the software token; see [Server.TOTP].
	TOTPSecret string
}

// PasswordPolicy is what passwords must have.
type PasswordPolicy struct {
	// MinimumLength is in characters.
	MinimumLength int
	// The kinds of characters of which at least one is required.
	RequireUppercase, RequireLowercase, RequireNumbers, RequireSymbols bool
}

// Format prints the client without its secret, whatever the verb.
func (c Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "Client{"+c.ID+"}") }

// LogValue logs the client's ID.
func (c Client) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// Format prints the user without the password and the secret, whatever the verb.
func (u User) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "User{"+u.Username+"}") }

// LogValue logs the user's name.
func (u User) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(u)) }

// The statuses of a user that the pool knows.
const (
	statusConfirmed     = "CONFIRMED"
	statusUnconfirmed   = "UNCONFIRMED"
	statusForceChange   = "FORCE_CHANGE_PASSWORD"
	statusResetRequired = "RESET_REQUIRED"
)

// The feature plans.
const (
	tierLite       = "LITE"
	tierEssentials = "ESSENTIALS"
	tierPlus       = "PLUS"
)

var (
	poolIDPattern   = regexp.MustCompile(`^[\w-]+_[0-9a-zA-Z]+$`)
	acrNamePattern  = regexp.MustCompile(`^[\x21\x23-\x5B\x5D-\x7E]{1,64}$`)
	clientIDPattern = regexp.MustCompile(`^[\w+]+$`)
	defaultFlows    = []string{"ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}
	defaultPolicy   = PasswordPolicy{MinimumLength: 8, RequireUppercase: true, RequireLowercase: true, RequireNumbers: true, RequireSymbols: true}
)

// withDefaults fills in what cfg leaves open. It panics on what no pool can be, since that is a mistake in a test.
func (cfg Config) withDefaults() Config {
	if cfg.UserPoolID == "" {
		cfg.UserPoolID = "us-east-1_Test00001"
	}
	if !poolIDPattern.MatchString(cfg.UserPoolID) {
		panic(fmt.Sprintf("cognitotest: Config.UserPoolID: want <region>_<letters and digits>, got %q", cfg.UserPoolID))
	}
	if len(cfg.UsernameAttributes) > 0 && len(cfg.AliasAttributes) > 0 {
		panic("cognitotest: Config: want UsernameAttributes or AliasAttributes, got both")
	}
	checkNames("Config.UsernameAttributes", cfg.UsernameAttributes, attrEmail, attrPhone)
	checkNames("Config.AliasAttributes", cfg.AliasAttributes, attrEmail, attrPhone, attrPreferred)
	checkNames("Config.AutoVerifiedAttributes", cfg.AutoVerifiedAttributes, attrEmail, attrPhone)
	if cfg.AutoVerifiedAttributes == nil {
		cfg.AutoVerifiedAttributes = []string{attrEmail}
	}
	checkNames("Config.AttributesRequireVerificationBeforeUpdate", cfg.AttributesRequireVerificationBeforeUpdate, cfg.AutoVerifiedAttributes...)
	for _, c := range cfg.CustomAttributes {
		checkNames("CustomAttribute.Type", []string{c.Type}, "", typeString, typeNumber, typeBoolean, typeDateTime)
	}
	if cfg.TemporaryPasswordValidity == 0 {
		cfg.TemporaryPasswordValidity = 7 * 24 * time.Hour
	}
	if cfg.PasswordPolicy == nil {
		cfg.PasswordPolicy = &defaultPolicy
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	cfg.checkTriggerURLs()
	if cfg.Addr == "" {
		cfg.Addr = "127.0.0.1:0"
	}
	cfg = cfg.withFactors()
	cfg.Clients = slices.Clone(cfg.Clients)
	if len(cfg.Clients) == 0 {
		cfg.Clients = []Client{{}}
	}
	for i := range cfg.Clients {
		cfg.Clients[i] = cfg.Clients[i].withDefaults()
	}
	cfg.checkOAuth()
	return cfg
}

// withFactors fills in what cfg leaves open about factors.
func (cfg Config) withFactors() Config {
	if cfg.MFA == "" {
		cfg.MFA = mfaOptional
	}
	checkNames("Config.MFA", []string{cfg.MFA}, mfaOff, mfaOptional, mfaOn)
	if cfg.MFAFactors == nil {
		cfg.MFAFactors = []string{challengeSMS, challengeTOTP, challengeEmail}
	}
	checkNames("Config.MFAFactors", cfg.MFAFactors, challengeSMS, challengeTOTP, challengeEmail)
	if cfg.FirstFactors == nil {
		cfg.FirstFactors = []string{challengePassword}
	}
	checkNames("Config.FirstFactors", cfg.FirstFactors, challengePassword, challengeEmail, challengeSMSOTP, challengeWebAuthn)
	if cfg.Tier == "" {
		cfg.Tier = tierPlus
	}
	checkNames("Config.Tier", []string{cfg.Tier}, tierLite, tierEssentials, tierPlus)
	cfg.ACRNames = cfg.acrNames()
	if uv := cfg.WebAuthn.UserVerification; uv != "" {
		checkNames("Config.WebAuthn.UserVerification", []string{uv}, uvRequired, uvPreferred)
	}
	return cfg
}

// acrNames fills in the names of the levels, and checks them as the service does.
func (cfg Config) acrNames() [4]string {
	names := cfg.ACRNames
	if names != [4]string{} && cfg.Tier == tierLite {
		panic("cognitotest: Config.ACRNames: want none with Tier LITE")
	}
	for i, name := range names {
		if name == "" {
			names[i] = "urn:cognito:loa:" + strconv.Itoa(i+1)
		} else if !acrNamePattern.MatchString(name) {
			panic(fmt.Sprintf("cognitotest: Config.ACRNames: want 1 to 64 characters without spaces, quotation marks and backslashes, got %q", name))
		}
	}
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			panic(fmt.Sprintf("cognitotest: Config.ACRNames: want different ones, got %q twice", name))
		}
	}
	return names
}

func (c Client) withDefaults() Client {
	if c.ID == "" {
		c.ID = strings.ToLower(rand.Text())[:26]
	}
	if !clientIDPattern.MatchString(c.ID) {
		panic(fmt.Sprintf("cognitotest: Client.ID: want letters, digits, _ and +, got %q", c.ID))
	}
	if c.Name == "" {
		c.Name = c.ID
	}
	if c.ExplicitAuthFlows == nil {
		c.ExplicitAuthFlows = defaultFlows
	}
	for _, flow := range c.ExplicitAuthFlows {
		if !strings.HasPrefix(flow, "ALLOW_") {
			panic(fmt.Sprintf("cognitotest: Client.ExplicitAuthFlows: want ALLOW_…, got %q", flow))
		}
	}
	for _, d := range []struct {
		value   *time.Duration
		usually time.Duration
	}{
		{&c.AccessTokenValidity, time.Hour},
		{&c.IDTokenValidity, time.Hour},
		{&c.RefreshTokenValidity, 30 * 24 * time.Hour},
		{&c.AuthSessionValidity, 3 * time.Minute},
	} {
		if *d.value == 0 {
			*d.value = d.usually
		}
	}
	return c
}

func checkNames(field string, names []string, known ...string) {
	for _, name := range names {
		if !slices.Contains(known, name) {
			panic(fmt.Sprintf("cognitotest: %s: want %v, got %q", field, known, name))
		}
	}
}
