package cognito

import (
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// UserContextData tells the pool's threat protection where the user is, in calls that need no AWS credentials.
// Without it every user of a server seems to be where the server is; see [UserContextDataFromRequest].
type UserContextData struct {
	// IPAddress is the user's own address, not that of a server in between.
	IPAddress string
	// EncodedData is the fingerprint that AWS's JavaScript or mobile library collected.
	EncodedData string
}

// ContextData tells the pool's threat protection about the user's request, in calls with AWS credentials; see
// [ContextDataFromRequest].
type ContextData struct {
	// IPAddress is the user's own address, not that of a server in between.
	IPAddress string
	// ServerName and ServerPath are the host and the path that the user's request went to.
	ServerName, ServerPath string
	// HTTPHeaders are the headers of the user's request that tell its browser from others; no header with a secret
	// has a place here.
	HTTPHeaders http.Header
	// EncodedData is the fingerprint that AWS's JavaScript or mobile library collected.
	EncodedData string
}

// browserHeaders are what [ContextDataFromRequest] takes over: those that describe a browser. It is a list of what
// is copied, not of what is left out, so that no header with a credential is copied because its name is new.
var browserHeaders = []string{
	"Accept", "Accept-Encoding", "Accept-Language", "Sec-Ch-Ua", "Sec-Ch-Ua-Mobile", "Sec-Ch-Ua-Platform", "User-Agent",
}

// UserContextDataFromRequest takes the user's address from r: that of the peer that opened the connection.
// X-Forwarded-For and its like are not read, since whoever sends the request writes what they please there. Behind
// a proxy the peer is the proxy: set IPAddress to the address that the proxy vouches for. EncodedData is for the
// caller to fill in, as it comes in a field of the application's own form.
func UserContextDataFromRequest(r *http.Request) UserContextData {
	return UserContextData{IPAddress: peerAddress(r)}
}

// ContextDataFromRequest takes over what r says of its sender: the address of the peer that opened the connection,
// the host and path, and the headers that describe a browser (Accept, Accept-Encoding, Accept-Language, Sec-Ch-Ua
// and its like, User-Agent). Authorization, Cookie and every other header stay behind. As with
// [UserContextDataFromRequest], set IPAddress behind a proxy, and EncodedData where there is some.
func ContextDataFromRequest(r *http.Request) ContextData {
	d := ContextData{IPAddress: peerAddress(r), ServerName: r.Host, ServerPath: "/", HTTPHeaders: http.Header{}}
	if host, _, err := net.SplitHostPort(r.Host); err == nil {
		d.ServerName = host
	}
	if r.URL != nil && r.URL.Path != "" {
		d.ServerPath = r.URL.Path
	}
	for _, name := range browserHeaders {
		if values := r.Header.Values(name); len(values) > 0 {
			d.HTTPHeaders[name] = slices.Clone(values)
		}
	}
	return d
}

// peerAddress is the address of the other end of the connection, without its port; "" when it is not known.
func peerAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	address, _, _ := strings.Cut(host, "%") // the zone names an interface of this machine
	return address
}

func (d UserContextData) applyCall(o *callOptions) {
	o.userContext = &types.UserContextDataType{IpAddress: optional(d.IPAddress), EncodedData: optional(d.EncodedData)}
	o.given = append(o.given, optUserContextData)
}

func (d ContextData) applyCall(o *callOptions) {
	o.given = append(o.given, optContextData)
	if d.IPAddress == "" || d.ServerName == "" || d.ServerPath == "" {
		o.refuse(optContextData, "want IPAddress, ServerName and ServerPath, which the service requires")
		return
	}
	headers := []types.HttpHeader{} // required, if only as an empty list
	for _, name := range slices.Sorted(maps.Keys(d.HTTPHeaders)) {
		headers = append(headers, types.HttpHeader{
			HeaderName: aws.String(name), HeaderValue: aws.String(strings.Join(d.HTTPHeaders[name], ", ")),
		})
	}
	o.context = &types.ContextDataType{
		IpAddress: aws.String(d.IPAddress), ServerName: aws.String(d.ServerName), ServerPath: aws.String(d.ServerPath),
		HttpHeaders: headers, EncodedData: optional(d.EncodedData),
	}
}
