package cognitotest

import (
	"crypto/hmac"
	"crypto/rand"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gocognito/cognito/internal/srp"
)

// maxSecrets limits the secrets of an app client. Two allow a rotation.
const maxSecrets = 2

// clientSecret is one of the secrets of an app client.
type clientSecret struct {
	id, value string
	created   time.Time
}

func newClientSecret() string { return strings.ToLower(rand.Text() + rand.Text()) }

// holdSecret adds a secret to a client. The description of the client shows the oldest.
func (p *pool) holdSecret(c *Client, value string) clientSecret {
	added := clientSecret{id: c.ID + "--" + strconv.FormatInt(p.nextSerial(), 10), value: value, created: p.now()}
	c.secrets = append(slices.Clone(c.secrets), added)
	c.Secret = c.secrets[0].value
	return added
}

// accepts reports whether secret is one of the client's, or "" if it has none.
func (c *Client) accepts(secret string) bool {
	if c.Secret == "" {
		return secret == ""
	}
	return slices.ContainsFunc(c.secrets,
		func(s clientSecret) bool { return hmac.Equal([]byte(s.value), []byte(secret)) })
}

// acceptsHash reports whether hash was made for username with one of the client's secrets.
func (c *Client) acceptsHash(username, hash string) bool {
	return slices.ContainsFunc(c.secrets, func(s clientSecret) bool {
		return hmac.Equal([]byte(hash), []byte(srp.SecretHash(username, c.ID, s.value)))
	})
}

// describedSecret is a secret on the wire. Its value is present only when the pool has just created
// it.
type describedSecret struct {
	ClientSecretID         string `json:"ClientSecretId"`
	ClientSecretValue      string `json:",omitempty"`
	ClientSecretCreateDate float64
}

type addSecretInput struct {
	clientInput
	ClientSecret string
}

type addSecretOutput struct{ ClientSecretDescriptor describedSecret }

func (p *pool) addUserPoolClientSecret(in *addSecretInput) (addSecretOutput, error) {
	c, err := p.existingClient(in.clientInput)
	switch {
	case err != nil:
		return addSecretOutput{}, err
	case c.Secret == "":
		return addSecretOutput{}, errPublicClient
	case len(c.secrets) == maxSecrets:
		return addSecretOutput{}, errTooManySecrets
	case in.ClientSecret != "" && c.accepts(in.ClientSecret):
		return addSecretOutput{}, errSameSecret
	}
	out := addSecretOutput{}
	value := in.ClientSecret
	if value == "" {
		value = newClientSecret()
		out.ClientSecretDescriptor.ClientSecretValue = value
	}
	added := p.holdSecret(c, value)
	out.ClientSecretDescriptor.ClientSecretID = added.id
	out.ClientSecretDescriptor.ClientSecretCreateDate = epoch(added.created)
	return out, nil
}

type listSecretsInput struct {
	clientInput
	NextToken string
}

type listSecretsOutput struct{ ClientSecrets []describedSecret }

// listUserPoolClientSecrets returns all secrets at once, without their values.
func (p *pool) listUserPoolClientSecrets(in *listSecretsInput) (listSecretsOutput, error) {
	out := listSecretsOutput{ClientSecrets: []describedSecret{}}
	c, err := p.existingClient(in.clientInput)
	if err != nil {
		return out, err
	}
	for _, s := range c.secrets {
		out.ClientSecrets = append(out.ClientSecrets,
			describedSecret{ClientSecretID: s.id, ClientSecretCreateDate: epoch(s.created)})
	}
	return out, nil
}

type deleteSecretInput struct {
	clientInput
	ClientSecretID string `json:"ClientSecretId"`
}

func (p *pool) deleteUserPoolClientSecret(in *deleteSecretInput) (empty, error) {
	c, err := p.existingClient(in.clientInput)
	if err != nil {
		return empty{}, err
	}
	i := slices.IndexFunc(c.secrets, func(s clientSecret) bool { return s.id == in.ClientSecretID })
	switch {
	case i < 0:
		return empty{}, errNoSecret
	case len(c.secrets) == 1:
		return empty{}, errLastSecret
	}
	c.secrets = slices.Delete(slices.Clone(c.secrets), i, i+1)
	c.Secret = c.secrets[0].value
	return empty{}, nil
}
