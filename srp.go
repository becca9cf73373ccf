package cognito

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/gocognito/cognito/internal/srp"
)

// These are the keys of AuthParameters, ChallengeParameters and ChallengeResponses.
const (
	keyUsername     = "USERNAME"
	keyPassword     = "PASSWORD"
	keySecretHash   = "SECRET_HASH"
	keyDeviceKey    = "DEVICE_KEY"
	keySRPA         = "SRP_A"
	keySRPB         = "SRP_B"
	keySalt         = "SALT"
	keySecretBlock  = "SECRET_BLOCK"
	keyUserIDForSRP = "USER_ID_FOR_SRP"
	keyClaimBlock   = "PASSWORD_CLAIM_SECRET_BLOCK"
	keyClaimSig     = "PASSWORD_CLAIM_SIGNATURE"
	keyTimestamp    = "TIMESTAMP"
)

// SRP computes the parameters of an SRP sign-in for programs that call the AWS SDK themselves. It
// supports the AuthFlow USER_SRP_AUTH (or CUSTOM_AUTH, or USER_AUTH with PASSWORD_SRP), the
// PASSWORD_VERIFIER challenge, and the two challenges of a remembered device. It does no I/O.
// Programs that need not call the SDK themselves should use [Cognito.Authenticate] instead.
//
// An SRP handles one sign-in at a time and is not safe for concurrent use. Printed or logged, it
// shows no secret. Create an SRP with [NewSRP].
type SRP struct {
	poolName string
	username string
	device   *Device
	clientParams
	secret *srpSecret // a pointer, so that printing a struct with an SRP prints no secret
}

// srpSecret holds what must not be printed: the password and the secrets of the current attempt.
type srpSecret struct {
	password string
	user     *srp.Client // from the last AuthParameters
	device   *srp.Client // from the last DeviceSRPAuthChallenge
}

// SRPOption configures an [SRP] in [NewSRP].
type SRPOption func(*SRP)

// WithSRPClientSecret sets the app client's secret. By default, or if secret is empty, the app
// client has none.
func WithSRPClientSecret(secret string) SRPOption {
	return func(s *SRP) { s.clientSecret = &secret }
}

// WithSRPDevice sets the remembered device that the user signs in with. By default there is none.
func WithSRPDevice(d Device) SRPOption {
	return func(s *SRP) { s.device = &d }
}

// NewSRP returns an SRP for a sign-in of username to the user pool userPoolID with the app client
// clientID. username may be an alias. An error names the argument and what was expected.
func NewSRP(userPoolID, clientID, username, password string, opts ...SRPOption) (*SRP, error) {
	s, err := newSRP(userPoolID, clientID, username, password, opts...)
	return s, wrapError("NewSRP", err)
}

func newSRP(userPoolID, clientID, username, password string, opts ...SRPOption) (*SRP, error) {
	s := &SRP{
		username: username, clientParams: clientParams{clientID: clientID}, secret: &srpSecret{password: password},
	}
	for _, opt := range opts {
		if opt != nil {
			opt(s)
		}
	}
	err := errors.Join(awsIDs.checkIDs(userPoolID, clientID), checkLogin(username, password), s.checkDevice())
	if err != nil {
		return nil, err
	}
	_, s.poolName = splitPoolID(userPoolID)
	return s, nil
}

func (s *SRP) checkDevice() error {
	if s.device == nil {
		return nil
	}
	s.deviceKey = s.device.Key
	return s.device.check()
}

// checkLogin rejects an empty username or password.
func checkLogin(username, password string) error {
	var errs []error
	if username == "" {
		errs = append(errs, fieldError("username", "want a username or an alias, got none"))
	}
	if password == "" {
		errs = append(errs, fieldError("password", "want a password, got none"))
	}
	return errors.Join(errs...)
}

// AuthParameters starts an attempt with a new secret and returns the AuthParameters for
// InitiateAuth: USERNAME, SRP_A, SECRET_HASH if there is a client secret, and DEVICE_KEY if there
// is a device. For CUSTOM_AUTH, add CHALLENGE_NAME "SRP_A". For USER_AUTH, add PREFERRED_CHALLENGE
// "PASSWORD_SRP".
func (s *SRP) AuthParameters() (map[string]string, error) {
	if s.secret == nil {
		return nil, wrapError("AuthParameters", errors.New("want an SRP from NewSRP, got the zero SRP"))
	}
	s.secret.user = srp.NewClient()
	return s.addTo(map[string]string{keySRPA: s.secret.user.PublicKey()}, s.username), nil
}

// PasswordVerifierChallenge returns the ChallengeResponses for the PASSWORD_VERIFIER challenge with
// the ChallengeParameters params. The service compares now with its own time. Later calls use the
// user's name from params as USERNAME. An error names the parameter and what was expected.
func (s *SRP) PasswordVerifierChallenge(params map[string]string, now time.Time) (map[string]string, error) {
	responses, err := s.passwordVerifier(params, now)
	return responses, wrapError("PasswordVerifierChallenge", err)
}

func (s *SRP) passwordVerifier(params map[string]string, now time.Time) (map[string]string, error) {
	userID := params[keyUserIDForSRP]
	if userID == "" {
		return nil, fieldError(keyUserIDForSRP, "want the user's ID, got none")
	}
	if s.secret == nil || s.secret.user == nil {
		return nil, errors.New("no attempt is under way: call AuthParameters first")
	}
	id := srp.Identity{Namespace: s.poolName, Name: userID}
	responses, err := proofResponses(s.secret.user, id, s.secret.password, params, now)
	if err != nil {
		return nil, err
	}
	s.username = usernameOf(params, s.username)
	return s.addTo(responses, s.username), nil
}

// DeviceSRPAuthChallenge starts a device's attempt with a new secret and returns the
// ChallengeResponses for the DEVICE_SRP_AUTH challenge with the ChallengeParameters params. It
// requires [WithSRPDevice].
func (s *SRP) DeviceSRPAuthChallenge(params map[string]string) (map[string]string, error) {
	if s.device == nil {
		return nil, wrapError("DeviceSRPAuthChallenge", errNoDevice)
	}
	s.secret.device = srp.NewClient()
	s.username = usernameOf(params, s.username)
	return s.addTo(map[string]string{keySRPA: s.secret.device.PublicKey()}, s.username), nil
}

// DevicePasswordVerifierChallenge returns the ChallengeResponses for the DEVICE_PASSWORD_VERIFIER
// challenge with the ChallengeParameters params. The service compares now with its own time. Call
// [SRP.DeviceSRPAuthChallenge] first. An error names the parameter and what was expected.
func (s *SRP) DevicePasswordVerifierChallenge(params map[string]string, now time.Time) (map[string]string, error) {
	const op = "DevicePasswordVerifierChallenge"
	if s.device == nil {
		return nil, wrapError(op, errNoDevice)
	}
	if s.secret.device == nil {
		return nil, wrapError(op, errors.New("no attempt is under way: call DeviceSRPAuthChallenge first"))
	}
	id := srp.Identity{Namespace: s.device.GroupKey, Name: s.device.Key}
	responses, err := proofResponses(s.secret.device, id, s.device.Password, params, now)
	if err != nil {
		return nil, wrapError(op, err)
	}
	s.username = usernameOf(params, s.username)
	return s.addTo(responses, s.username), nil
}

var errNoDevice = errors.New("no device is set (WithSRPDevice)")

// Format prints the username and no secret, for every verb. The receiver is a value, so that a
// dereferenced SRP prints the same.
func (s SRP) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "SRP{user "+s.username+"}") }

// LogValue returns the username and no secret.
func (s SRP) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(s)) }

// SecretHash returns the SECRET_HASH for username: the base64 encoding of the HMAC-SHA-256, keyed
// with the app client's secret, of the username and the client ID. username must be the one in the
// same request. After the service has replaced an alias with the user's own name, that is the
// user's own name.
func SecretHash(username, clientID, clientSecret string) string {
	return srp.SecretHash(username, clientID, clientSecret)
}

// secretHash returns the SecretHash of a request for username, or nil if the app client has no
// secret.
func (p *pool) secretHash(username string) *string {
	if p.clientSecret == "" {
		return nil
	}
	return aws.String(SecretHash(username, p.clientID, p.clientSecret))
}

// NewDeviceVerifier generates a random password for a device and returns it with its verifier.
// groupKey and deviceKey are the device's keys from NewDeviceMetadata. Pass the verifier to
// ConfirmDevice. Keep the password and both keys for later sign-ins.
func NewDeviceVerifier(
	groupKey, deviceKey string,
) (password string, verifier *types.DeviceSecretVerifierConfigType, err error) {
	password, verifier, err = newDeviceVerifier(groupKey, deviceKey)
	return password, verifier, wrapError("NewDeviceVerifier", err)
}

func newDeviceVerifier(
	groupKey, deviceKey string,
) (password string, verifier *types.DeviceSecretVerifierConfigType, err error) {
	if groupKey == "" || deviceKey == "" {
		return "", nil, fieldError("device", "want a group key and a device key")
	}
	password = srp.NewDevicePassword()
	v := srp.NewVerifier(srp.Identity{Namespace: groupKey, Name: deviceKey}, password)
	return password, &types.DeviceSecretVerifierConfigType{
		PasswordVerifier: aws.String(base64.StdEncoding.EncodeToString(v.Value)),
		Salt:             aws.String(base64.StdEncoding.EncodeToString(v.Salt)),
	}, nil
}

// proofResponses returns the responses that prove password to the challenge in params.
func proofResponses(
	client *srp.Client, id srp.Identity, password string, params map[string]string, now time.Time,
) (map[string]string, error) {
	challenge, err := srp.ParseChallenge(params[keySalt], params[keySRPB], params[keySecretBlock])
	if err != nil {
		return nil, err
	}
	timestamp := srp.Timestamp(now)
	signature, err := client.Sign(id, password, challenge, timestamp)
	if err != nil {
		return nil, err
	}
	return map[string]string{
		keyClaimBlock: params[keySecretBlock], keyClaimSig: signature, keyTimestamp: timestamp,
	}, nil
}

// usernameOf returns the user's name in a challenge's parameters, or before if they have none.
func usernameOf(params map[string]string, before string) string {
	return append(namesOf(params), before)[0]
}

// namesOf returns the user's names in a challenge's parameters. The first is the one to send. It
// returns nil if there are none.
func namesOf(params map[string]string) []string {
	var names []string
	for _, key := range []string{keyUsername, keyUserIDForSRP} {
		if name := params[key]; name != "" {
			names = append(names, name)
		}
	}
	return names
}

// clientParams are the parameters that every request of a sign-in carries.
type clientParams struct {
	clientID     string
	clientSecret *string // a pointer, so that it does not print
	deviceKey    string
}

// addTo adds USERNAME, the SECRET_HASH for that username, and DEVICE_KEY to params.
func (p clientParams) addTo(params map[string]string, username string) map[string]string {
	params[keyUsername] = username
	if p.clientSecret != nil && *p.clientSecret != "" {
		params[keySecretHash] = SecretHash(username, p.clientID, *p.clientSecret)
	}
	if p.deviceKey != "" {
		params[keyDeviceKey] = p.deviceKey
	}
	return params
}
